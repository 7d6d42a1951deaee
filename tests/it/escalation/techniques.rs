//! Every numbered technique: an estate that has it, and one that differs in one condition and has it not.

use super::of_me;

/// Number, what is gained (as `lines` writes it, without the number), the estate, and the near miss.
type Case = (u8, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    // Own policies.
    (
        1,
        "yes account",
        "me attached=arn:aws:iam::111122223333:policy/own policy=<iam:CreatePolicyVersion@policy/own>; policy own allow=<sqs:*>",
        "me attached=arn:aws:iam::111122223333:policy/own policy=<iam:CreatePolicyVersion@policy/other>; policy own allow=<sqs:*>",
    ),
    (
        1,
        "yes account",
        "me attached=arn:aws:iam::111122223333:policy/own policy=<iam:CreatePolicyVersion iam:DeletePolicyVersion>; policy own allow=<sqs:*> full",
        "me attached=arn:aws:iam::111122223333:policy/own policy=<iam:CreatePolicyVersion>; policy own allow=<sqs:*> full",
    ),
    (
        2,
        "yes more",
        "me attached=arn:aws:iam::111122223333:policy/own policy=<iam:SetDefaultPolicyVersion>; policy own allow=<sqs:SendMessage> older=<sqs:*>",
        "me attached=arn:aws:iam::111122223333:policy/own policy=<iam:SetDefaultPolicyVersion>; policy own allow=<sqs:SendMessage>",
    ),
    (3, "yes account", "me policy=<iam:PutRolePolicy@role/me>", "me policy=<iam:PutRolePolicy@role/other>"),
    (4, "yes account", "me policy=<iam:AttachRolePolicy@role/me>", "me policy=<iam:AttachRolePolicy@role/path/me>"),
    // Other roles' policies and trusts.
    (
        5,
        "yes account through t",
        "me policy=<iam:PutRolePolicy@role/t>; role t trusts=arn:aws:iam::111122223333:role/me",
        "me policy=<iam:PutRolePolicy@role/t>; role t trusts=arn:aws:iam::111122223333:role/you",
    ),
    (
        6,
        "yes account through t",
        "me policy=<iam:AttachRolePolicy@role/t sts:AssumeRole>; role t trusts=111122223333",
        "me policy=<iam:AttachRolePolicy@role/t>; role t trusts=111122223333",
    ),
    (
        7,
        "yes account through t",
        "me policy=<iam:CreatePolicyVersion@policy/p>; policy p allow=<sqs:*>; role t attached=arn:aws:iam::111122223333:policy/p trusts=arn:aws:iam::111122223333:role/me",
        "me policy=<iam:CreatePolicyVersion@policy/p>; policy p allow=<sqs:*>; role t attached=arn:aws:iam::aws:policy/p trusts=arn:aws:iam::111122223333:role/me",
    ),
    (
        8,
        "yes role t",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t>; role t policy=<s3:*>",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t -sts:AssumeRole>; role t policy=<s3:*>",
    ),
    (
        9,
        "yes account through t",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t iam:PutRolePolicy@role/t>; role t",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t iam:PutRolePolicy@role/u>; role t; role u",
    ),
    (
        10,
        "yes account through t",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t iam:AttachRolePolicy@role/t>; role t",
        "me policy=<iam:AttachRolePolicy@role/t>; role t",
    ),
    (
        11,
        "yes account through t",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t iam:CreatePolicyVersion@policy/p>; policy p allow=<sqs:*>; role t attached=arn:aws:iam::111122223333:policy/p",
        "me policy=<iam:UpdateAssumeRolePolicy@role/t iam:CreatePolicyVersion@policy/p>; policy p allow=<sqs:*>; role t attached=arn:aws:iam::111122223333:policy/q; policy q allow=<s3:*>",
    ),
    (
        12,
        "yes account",
        "me policy=<iam:CreateRole@role/app/* iam:AttachRolePolicy@role/app/*>",
        "me policy=<iam:CreateRole@role/app/* iam:AttachRolePolicy@role/data/*>",
    ),
    (12, "yes account", "me policy=<iam:CreateRole iam:PutRolePolicy@role/x*>", "me policy=<iam:CreateRole>"),
    // Users.
    (
        13,
        "yes account through u",
        "me policy=<iam:PutUserPolicy iam:CreateAccessKey iam:DeleteAccessKey>; user u",
        "me policy=<iam:PutUserPolicy>; user u",
    ),
    (
        13,
        "yes account",
        "user me policy=<iam:PutUserPolicy@user/me>",
        "user me policy=<iam:PutUserPolicy@user/you>; user you",
    ),
    (
        14,
        "maybe account through u needs fewer than two access keys on the user",
        "me policy=<iam:AttachUserPolicy@user/u iam:CreateAccessKey@user/u>; user u",
        "me policy=<iam:AttachUserPolicy@user/u iam:CreateAccessKey@user/v>; user u; user v",
    ),
    (
        14,
        "yes account",
        "user me policy=<iam:AttachUserPolicy@user/me>",
        "user you policy=<iam:AttachUserPolicy@user/me>; user me",
    ),
    (
        15,
        "yes account",
        "user me groups=g policy=<iam:PutGroupPolicy@group/g>; group g",
        "user me policy=<iam:PutGroupPolicy@group/g>; group g",
    ),
    (
        15,
        "yes account through u",
        "me policy=<iam:PutGroupPolicy@group/g iam:CreateAccessKey iam:DeleteAccessKey>; group g; user u groups=g",
        "me policy=<iam:PutGroupPolicy@group/g iam:CreateAccessKey iam:DeleteAccessKey>; group g; user u",
    ),
    (
        16,
        "yes account",
        "user me groups=g policy=<iam:AttachGroupPolicy>; group g",
        "user me groups=g policy=<iam:AttachGroupPolicy@group/h>; group g; group h",
    ),
    (
        17,
        "yes group g",
        "user me policy=<iam:AddUserToGroup@group/g>; group g policy=<s3:*>",
        "user me groups=g policy=<iam:AddUserToGroup@group/g>; group g policy=<s3:*>",
    ),
    (
        18,
        "maybe user u needs fewer than two access keys on the user",
        "me policy=<iam:CreateAccessKey@user/u>; user u policy=<s3:*>",
        "me policy=<iam:CreateAccessKey@user/u>; user u",
    ),
    (
        19,
        "yes user u",
        "me policy=<iam:CreateAccessKey@user/u iam:DeleteAccessKey@user/u>; user u policy=<s3:*>",
        "me policy=<iam:CreateAccessKey@user/u iam:DeleteAccessKey@user/v>; user u policy=<s3:*>; user v policy=<s3:*>",
    ),
    (
        20,
        "maybe user u needs an inactive access key of the user whose secret is known",
        "me policy=<iam:UpdateAccessKey@user/u>; user u policy=<s3:*>",
        "me policy=<iam:UpdateAccessKey@user/v>; user u policy=<s3:*>",
    ),
    (
        21,
        "maybe user u needs a user without a password and without MFA",
        "me policy=<iam:CreateLoginProfile@user/u>; user u policy=<s3:*>",
        "me policy=<iam:CreateLoginProfile@user/u -iam:*@user/*>; user u policy=<s3:*>",
    ),
    (
        22,
        "maybe user u needs a user with a password and without MFA",
        "me policy=<iam:UpdateLoginProfile>; user u policy=<s3:*>",
        "me policy=<iam:UpdateLoginProfile@role/*>; user u policy=<s3:*>",
    ),
    (
        23,
        "yes in service u",
        "me policy=<iam:CreateServiceSpecificCredential>; user u policy=<codecommit:*>",
        "me policy=<iam:CreateServiceSpecificCredential>",
    ),
    (
        24,
        "maybe user u needs a user with a password",
        "me policy=<iam:DeactivateMFADevice iam:UpdateLoginProfile>; user u policy=<s3:*>",
        "me policy=<iam:DeactivateMFADevice>; user u policy=<s3:*>",
    ),
    // Limits.
    (
        25,
        "yes account",
        "me boundary=arn:aws:iam::111122223333:policy/b policy=<*>; policy b allow=<sqs:* iam:DeleteRolePermissionsBoundary>",
        "me boundary=arn:aws:iam::111122223333:policy/b policy=<*>; policy b allow=<sqs:*>",
    ),
    (
        25,
        "yes more",
        "me boundary=arn:aws:iam::111122223333:policy/b policy=<s3:* iam:PutRolePermissionsBoundary@role/me>; policy b allow=<iam:*>",
        "me policy=<s3:* iam:PutRolePermissionsBoundary@role/me>; policy b allow=<iam:*>",
    ),
    (
        26,
        "yes more",
        "me attached=arn:aws:iam::111122223333:policy/d policy=<s3:* iam:DetachRolePolicy@role/me>; policy d allow=<-s3:DeleteBucket>",
        "me attached=arn:aws:iam::111122223333:policy/d policy=<s3:* iam:DetachRolePolicy@role/me>; policy d allow=<s3:DeleteBucket>",
    ),
    (
        27,
        "maybe organization needs the account manages the organisation, or is its delegate",
        "me policy=<organizations:DetachPolicy>",
        "me policy=<organizations:DescribePolicy>",
    ),
    // Providers, becoming a role, tags.
    (
        28,
        "yes role t",
        r#"me policy=<iam:UpdateSAMLProvider>; role t policy=<s3:*> trust={"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/okta"},"Action":"sts:AssumeRoleWithSAML"}"#,
        r#"me policy=<iam:UpdateSAMLProvider>; role t policy=<s3:*> trust={"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/AWSSSO_1_DO_NOT_DELETE"},"Action":"sts:AssumeRoleWithSAML"}"#,
    ),
    (
        28,
        "maybe role t needs control of the address of the provider's issuer",
        "me policy=<iam:CreateOpenIDConnectProvider>; role t policy=<s3:*> irsa=ns:t federated=arn:aws:iam::111122223333:oidc-provider/gone.example",
        "me policy=<iam:CreateOpenIDConnectProvider>; role t policy=<s3:*> irsa=ns:t",
    ),
    (
        29,
        "yes role t",
        "me policy=<sts:AssumeRole@role/t>; role t trusts=111122223333 policy=<s3:*>",
        "me policy=<sts:AssumeRole@role/t>; role t for=lambda.amazonaws.com policy=<s3:*>",
    ),
    (
        29,
        "yes role t",
        "me policy=<sts:AssumeRole@arn:aws:iam::444455556666:role/t>; account 444455556666; role t account=444455556666 trusts=111122223333 policy=<s3:*>",
        "me policy=<sts:AssumeRole@arn:aws:iam::444455556666:role/u>; account 444455556666; role t account=444455556666 trusts=arn:aws:iam::111122223333:role/me policy=<s3:*>",
    ),
    (
        30,
        "yes more",
        "me policy=<iam:TagRole@role/me s3:*?aws:PrincipalTag/team=data>",
        "me tag:team=data policy=<iam:TagRole@role/me s3:*?aws:PrincipalTag/team=data>",
    ),
    (
        31,
        "maybe organization needs the account manages the organisation, or is its delegate",
        "me policy=<sso:CreateAccountAssignment>",
        "me policy=<sso:ListInstances>",
    ),
    (
        32,
        "maybe organization needs the account manages the organisation, or is its delegate, and central root access is on",
        "me policy=<sts:AssumeRoot>",
        "me policy=<sts:GetCallerIdentity>",
    ),
    // Passing a role; each service is tried further in `passing_a_role_needs_each_of_its_steps`.
    (
        33,
        "yes role t",
        "me policy=<iam:PassRole@role/t ec2:RunInstances>; role t for=ec2.amazonaws.com profile policy=<s3:*>",
        "me policy=<iam:PassRole@role/t ec2:RunInstances>; role t for=ec2.amazonaws.com policy=<s3:*>",
    ),
    (
        33,
        "yes role t",
        "me policy=<iam:PassRole@role/t ec2:RunInstances iam:CreateInstanceProfile iam:AddRoleToInstanceProfile>; role t for=ec2.amazonaws.com policy=<s3:*>",
        "me policy=<iam:PassRole@role/t ec2:RunInstances@arn:aws:ec2:*:*:instance/* iam:CreateInstanceProfile iam:AddRoleToInstanceProfile>; role t for=ec2.amazonaws.com policy=<s3:*>",
    ),
    (
        67,
        "yes association c1 t",
        "me policy=<iam:PassRole@role/t eks:CreatePodIdentityAssociation>; role t pods policy=<s3:*>",
        "me policy=<iam:PassRole@role/t eks:CreatePodIdentityAssociation>; role t pods action=sts:AssumeRole policy=<s3:*>",
    ),
    (
        67,
        "yes association c1 t",
        "me policy=<iam:PassRole@role/t eks:UpdatePodIdentityAssociation>; role t pods policy=<s3:*>; association ns/app role=me",
        "me policy=<iam:PassRole@role/t eks:UpdatePodIdentityAssociation>; role t pods policy=<s3:*>",
    ),
    // Instances: the node n1, and a machine that is none.
    (
        72,
        "yes role t",
        "me policy=<ec2:ModifyInstanceAttribute ec2:StopInstances ec2:StartInstances>; instance i-1 role=t; role t for=ec2.amazonaws.com policy=<s3:*>",
        "me policy=<ec2:ModifyInstanceAttribute ec2:StopInstances@arn:aws:ec2:*:*:instance/i-2 ec2:StartInstances>; instance i-1 role=t; role t for=ec2.amazonaws.com policy=<s3:*>",
    ),
    (
        74,
        "maybe node n1 needs a network path to the instance",
        "me policy=<ec2-instance-connect:SendSSHPublicKey>; node n1",
        "me policy=<ec2-instance-connect:SendSSHPublicKey>; node n1 kind=fargate",
    ),
    (
        75,
        "yes node n1",
        "me policy=<ssm:StartSession>; node n1 role=w; role w ec2 policy=<ssm:UpdateInstanceInformation ssmmessages:*>",
        "me policy=<ssm:StartSession@arn:aws:ec2:us-east-1:*:instance/*>; node n1 role=w; role w ec2 policy=<ssm:UpdateInstanceInformation ssmmessages:*>",
    ),
    (
        76,
        "yes node n1",
        "me policy=<ssm:SendCommand>; node n1 role=w; role w ec2 policy=<ssm:UpdateInstanceInformation ssmmessages:*>",
        "me policy=<ssm:SendCommand@arn:aws:ec2:*:*:instance/*>; node n1 role=w; role w ec2 policy=<ssm:UpdateInstanceInformation ssmmessages:*>",
    ),
    // The cluster.
    (
        88,
        "yes cluster c1",
        "me policy=<eks:CreateAccessEntry eks:AssociateAccessPolicy>",
        "cluster c1 mode=CONFIG_MAP; me policy=<eks:CreateAccessEntry eks:AssociateAccessPolicy>",
    ),
    (
        89,
        "yes cluster c1",
        "cluster c1 mode=CONFIG_MAP; me policy=<eks:CreateAccessEntry eks:AssociateAccessPolicy eks:UpdateClusterConfig>",
        "cluster c1 mode=CONFIG_MAP; me policy=<eks:CreateAccessEntry eks:AssociateAccessPolicy eks:UpdateClusterVersion>",
    ),
];

/// What a new thing runs with a passed role: number, service, the rights beside `iam:PassRole`, what is needed besides.
const PASSED: &[(u8, &str, &str, &str)] = &[
    (34, "ec2", "ec2:RequestSpotInstances", ""),
    (34, "ec2", "ec2:CreateFleet ec2:CreateLaunchTemplate", ""),
    (35, "ec2", "ec2:AssociateIamInstanceProfile", "an EC2 instance under its control"),
    (36, "ec2", "autoscaling:CreateAutoScalingGroup ec2:CreateLaunchTemplate", ""),
    (36, "ec2", "autoscaling:CreateAutoScalingGroup autoscaling:CreateLaunchConfiguration", ""),
    (37, "lambda", "lambda:CreateFunction lambda:InvokeFunction", ""),
    (38, "lambda", "lambda:CreateFunction lambda:CreateEventSourceMapping", ""),
    (39, "lambda", "lambda:CreateFunction lambda:AddPermission", ""),
    (40, "lambda", "lambda:CreateFunction lambda:CreateFunctionUrlConfig", ""),
    (41, "cloudformation", "cloudformation:CreateStack", ""),
    (42, "cloudformation", "cloudformation:CreateStackSet cloudformation:CreateStackInstances", ""),
    (43, "cloudformation", "cloudformation:UpdateStackSet", "a stack set"),
    (43, "cloudformation", "cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet", ""),
    (44, "glue", "glue:CreateDevEndpoint", ""),
    (45, "glue", "glue:CreateJob glue:StartJobRun", ""),
    (46, "glue", "glue:CreateJob glue:CreateTrigger", ""),
    (47, "glue", "glue:UpdateJob glue:StartJobRun", "a Glue job"),
    (48, "glue", "glue:UpdateJob glue:CreateTrigger", "a Glue job"),
    (49, "sagemaker", "sagemaker:CreateNotebookInstance", ""),
    (50, "sagemaker", "sagemaker:CreateTrainingJob", ""),
    (51, "sagemaker", "sagemaker:CreateProcessingJob", ""),
    (52, "codebuild", "codebuild:CreateProject codebuild:StartBuild", ""),
    (53, "codebuild", "codebuild:CreateProject codebuild:StartBuildBatch", ""),
    (54, "ecs-tasks", "ecs:RegisterTaskDefinition ecs:RunTask", "an ECS cluster"),
    (54, "ecs-tasks", "ecs:RegisterTaskDefinition ecs:RunTask ecs:CreateCluster", ""),
    (55, "ecs-tasks", "ecs:RegisterTaskDefinition ecs:CreateService", "an ECS cluster"),
    (56, "ecs-tasks", "ecs:RegisterTaskDefinition ecs:StartTask", "an ECS cluster with a container instance"),
    (
        57,
        "datapipeline",
        "datapipeline:CreatePipeline datapipeline:PutPipelineDefinition datapipeline:ActivatePipeline",
        "",
    ),
    (57, "elasticmapreduce", "elasticmapreduce:RunJobFlow", ""),
    (58, "tasks.apprunner", "apprunner:CreateService", ""),
    (
        59,
        "bedrock-agentcore",
        "bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter",
        "",
    ),
    (60, "states", "states:CreateStateMachine states:StartExecution", ""),
    (61, "scheduler", "scheduler:CreateSchedule", ""),
    (62, "events", "events:PutRule events:PutTargets", ""),
    (63, "ecs-tasks", "batch:RegisterJobDefinition batch:SubmitJob", "a Batch job queue"),
    (91, "ec2", "eks:CreateNodegroup", NEW_NODES),
    (91, "ec2", "eks:CreateNodegroup ec2:CreateLaunchTemplate ec2:RunInstances", ""),
    (92, "eks-fargate-pods", "eks:CreateFargateProfile", "a pod on the profile that gets out of its container"),
    (64, "ssm", "ssm:StartAutomationExecution", ""),
    (65, "rolesanywhere", "rolesanywhere:CreateTrustAnchor rolesanywhere:CreateProfile", ""),
];

/// What runs with a role already: number, service, rights, what must exist.
const RUNNING: &[(u8, &str, &str, &str)] = &[
    (68, "lambda", "lambda:UpdateFunctionCode", "a Lambda function with a role, which something calls"),
    (69, "lambda", "lambda:UpdateFunctionCode lambda:InvokeFunction", "a Lambda function with a role"),
    (70, "lambda", "lambda:UpdateFunctionCode lambda:AddPermission", "a Lambda function with a role"),
    (71, "lambda", "lambda:UpdateFunctionConfiguration", "a Lambda function with a role, which something calls"),
    (
        73,
        "ec2",
        "ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate",
        "a launch template that gives instances a role",
    ),
    (77, "cloudformation", "cloudformation:UpdateStack", "a stack with a role"),
    (78, "cloudformation", "cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet", "a stack with a role"),
    (79, "glue", "glue:UpdateDevEndpoint", "a Glue development endpoint with a role"),
    (80, "sagemaker", "sagemaker:CreatePresignedNotebookInstanceUrl", "a SageMaker notebook with a role"),
    (
        81,
        "sagemaker",
        "sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:StopNotebookInstance sagemaker:UpdateNotebookInstance sagemaker:StartNotebookInstance",
        "a SageMaker notebook with a role",
    ),
    (82, "codebuild", "codebuild:StartBuild", "a CodeBuild project with a role"),
    (83, "codebuild", "codebuild:StartBuildBatch", "a CodeBuild project with a role"),
    (84, "tasks.apprunner", "apprunner:UpdateService", "an App Runner service with a role"),
    (
        85,
        "bedrock-agentcore",
        "bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter",
        "a Bedrock code interpreter with a role",
    ),
    (86, "ecs-tasks", "ecs:ExecuteCommand", "an ECS task with a role and with commands switched on"),
    (87, "states", "states:UpdateStateMachine states:StartExecution", "a state machine with a role"),
];

#[test]
fn each_technique_is_found_and_its_near_miss_is_not() {
    let mut wrong = Vec::new();
    for (number, gained, hit, miss) in CASES {
        let (found, missed) = (of_me(hit), of_me(miss));
        let wanted = format!("{number} {gained}");
        if !found.contains(&wanted) {
            wrong.push(format!("{wanted}\n    {hit}\n    found {found:?}"));
        }
        if missed.contains(&wanted) {
            wrong.push(format!("{wanted} must not be found\n    {miss}\n    found {missed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn passing(service: &str, rights: &str) -> Vec<String> {
    let role = format!("role t for={service}.amazonaws.com profile policy=<s3:*>");
    of_me(&format!("me policy=<{rights}>; {role}"))
}

#[test]
fn passing_a_role_needs_each_of_its_steps() {
    let mut wrong = Vec::new();
    for (number, service, rights, need) in PASSED {
        let wanted = match *need {
            "" => format!("{number} yes role t"),
            need => format!("{number} maybe role t needs {need}"),
        };
        let mut check = |rights: &str, service: &str, expected: bool| {
            let found = passing(service, rights);
            if found.contains(&wanted) != expected {
                wrong.push(format!(
                    "{wanted}: {expected} with <{rights}> and a role for {service}\n    found {found:?}"
                ));
            }
        };
        let all = format!("iam:PassRole@role/t {rights}");
        check(&all, service, true);
        check(&all, "config", false);
        check(&format!("{all} -iam:PassRole@role/*"), service, false);
        check(&format!("iam:PassRole@role/u {rights}"), service, false);
        check(&format!("iam:PassRole?iam:PassedToService={service}.amazonaws.com {rights}"), service, true);
        check(&format!("iam:PassRole?iam:PassedToService=config.amazonaws.com {rights}"), service, false);
        let steps: Vec<&str> = rights.split(' ').collect();
        for left_out in &steps {
            let rest: Vec<&str> = steps.iter().filter(|it| *it != left_out).copied().collect();
            check(&format!("iam:PassRole@role/t {}", rest.join(" ")), service, false);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where nothing says how code comes onto the nodes of a new group.
const NEW_NODES: &str =
    "a way onto the new nodes: a launch template that is there, a key for remote access, or a pod there";

#[test]
fn a_node_group_or_fargate_profile_is_made_in_a_cluster_that_the_right_is_over() {
    let on = |name: &str, action: &str| format!("{action}@arn:aws:eks:eu-west-1:111122223333:cluster/{name}");
    let node_group = |name: &str| {
        let make = on(name, "eks:CreateNodegroup");
        passing("ec2", &format!("iam:PassRole@role/t {make} ec2:CreateLaunchTemplate ec2:RunInstances"))
    };
    let sure = "91 yes role t".to_owned();
    let somewhere = "91 maybe role t needs an EKS cluster that the right is over".to_owned();
    assert!(node_group("c1").contains(&sure), "{:?}", node_group("c1"));
    assert!(!node_group("c1").contains(&somewhere));
    // The account may have a cluster that was not read.
    assert!(node_group("other").contains(&somewhere) && !node_group("other").contains(&sure));
    // A right over node groups is none over a cluster.
    let wrong = "eks:CreateNodegroup@arn:aws:eks:eu-west-1:111122223333:nodegroup/c1/x/y";
    let found = passing("ec2", &format!("iam:PassRole@role/t {wrong} ec2:CreateLaunchTemplate ec2:RunInstances"));
    assert!(!found.iter().any(|it| it.starts_with("91 ")), "{found:?}");
    let profile = |name: &str| {
        passing("eks-fargate-pods", &format!("iam:PassRole@role/t {}", on(name, "eks:CreateFargateProfile")))
    };
    let pod = "92 maybe role t needs a pod on the profile that gets out of its container";
    assert!(profile("c1").contains(&pod.to_owned()), "{:?}", profile("c1"));
    assert!(profile("other").contains(&format!("{pod}, an EKS cluster that the right is over")));
}

#[test]
fn what_runs_already_is_taken_over_without_passing_a_role_and_never_for_certain() {
    let mut wrong = Vec::new();
    for (number, service, rights, need) in RUNNING {
        let wanted = format!("{number} maybe one of t needs {need}");
        let mut check = |rights: &str, service: &str, expected: bool| {
            let found = passing(service, rights);
            if found.contains(&wanted) != expected {
                wrong.push(format!(
                    "{wanted}: {expected} with <{rights}> and a role for {service}\n    found {found:?}"
                ));
            }
        };
        check(rights, service, true);
        check(rights, "config", false);
        let steps: Vec<&str> = rights.split(' ').collect();
        for left_out in &steps {
            let rest: Vec<&str> = steps.iter().filter(|it| *it != left_out).copied().collect();
            check(&format!("s3:ListBucket {}", rest.join(" ")), service, false);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn users_of_an_identity_pool_come_by_web_identity() {
    let pool = |federated: &str| {
        of_me(&format!(
            r#"me policy=<iam:PassRole cognito-identity:SetIdentityPoolRoles>; role t policy=<s3:*> trust={{"Effect":"Allow","Principal":{{"Federated":"{federated}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}"#
        ))
    };
    let wanted = "66 maybe role t needs a Cognito identity pool that the principal can sign in to".to_owned();
    assert_eq!(pool("cognito-identity.amazonaws.com"), std::slice::from_ref(&wanted));
    assert!(!pool("accounts.google.com").contains(&wanted));
}

#[test]
fn every_number_stands_in_some_case() {
    let known = |number: u8| {
        let of = |list: &[(u8, &str, &str, &str)]| list.iter().any(|it| it.0 == number);
        of(CASES) || of(PASSED) || of(RUNNING)
    };
    // 66 has a test of its own; 90 is decided by RBAC.
    let missing: Vec<u8> = (1..=92).filter(|it| !known(*it) && ![66, 90].contains(it)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
