//! Techniques 33 to 66: a role passed to something new that runs code; 91 and 92 are those of R187 that section 11 of
//! iam-evaluation.md does not list.

use super::{Gives, On, PASS, Technique, any, on, row};

use Gives::PassedRole;

const AUTO_SCALING: &str = "autoscaling:CreateAutoScalingGroup";
const BATCH_QUEUE: &[&str] = &["a Batch job queue"];
const CONTAINER_INSTANCE: &[&str] = &["an ECS cluster with a container instance"];
const ECS: &str = "ecs-tasks.amazonaws.com";
const ECS_CLUSTER: &[&str] = &["an ECS cluster"];
const EC2: &str = "ec2.amazonaws.com";
const EMR: &str = "elasticmapreduce.amazonaws.com";
const FORMATION: &str = "cloudformation.amazonaws.com";
const BUILD: &str = "codebuild.amazonaws.com";
const GLUE: &str = "glue.amazonaws.com";
const LAMBDA: &str = "lambda.amazonaws.com";
const MACHINE: &[&str] = &["an EC2 instance under its control"];
const SAGEMAKER: &str = "sagemaker.amazonaws.com";

pub(super) const ROWS: &[Technique] = &[
    row(
        33,
        "starts an EC2 instance",
        &["ec2-001"],
        &[on(On::Profiled, "iam:PassRole"), any("ec2:RunInstances")],
        PassedRole,
    )
    .to(EC2),
    row(
        33,
        "makes an instance profile and starts an EC2 instance",
        &["ec2-001"],
        &[PASS, any("iam:CreateInstanceProfile"), any("iam:AddRoleToInstanceProfile"), any("ec2:RunInstances")],
        PassedRole,
    )
    .to(EC2),
    row(
        34,
        "requests an EC2 spot instance",
        &["ec2-003"],
        &[on(On::Profiled, "iam:PassRole"), any("ec2:RequestSpotInstances")],
        PassedRole,
    )
    .to(EC2),
    row(34, "requests a spot fleet", &[], &[on(On::Profiled, "iam:PassRole"), any("ec2:RequestSpotFleet")], PassedRole)
        .to(EC2),
    row(
        34,
        "makes a launch template and starts a fleet",
        &[],
        &[on(On::Profiled, "iam:PassRole"), any("ec2:CreateLaunchTemplate"), any("ec2:CreateFleet")],
        PassedRole,
    )
    .to(EC2),
    row(
        35,
        "gives an EC2 instance a role",
        &[],
        &[on(On::Profiled, "iam:PassRole"), any("ec2:AssociateIamInstanceProfile")],
        PassedRole,
    )
    .to(EC2)
    .needing(MACHINE),
    row(
        35,
        "gives an EC2 instance another role",
        &[],
        &[on(On::Profiled, "iam:PassRole"), any("ec2:ReplaceIamInstanceProfileAssociation")],
        PassedRole,
    )
    .to(EC2)
    .needing(MACHINE),
    row(
        36,
        "starts instances through an Auto Scaling group with a launch template",
        &[],
        &[on(On::Profiled, "iam:PassRole"), any("ec2:CreateLaunchTemplate"), any(AUTO_SCALING)],
        PassedRole,
    )
    .to(EC2),
    row(
        36,
        "starts instances through an Auto Scaling group with a launch configuration",
        &[],
        &[on(On::Profiled, "iam:PassRole"), any("autoscaling:CreateLaunchConfiguration"), any(AUTO_SCALING)],
        PassedRole,
    )
    .to(EC2),
    row(
        37,
        "runs code in a new Lambda function",
        &["lambda-001"],
        &[PASS, any("lambda:CreateFunction"), any("lambda:InvokeFunction")],
        PassedRole,
    )
    .to(LAMBDA),
    row(
        38,
        "runs code in a new Lambda function by an event source",
        &["lambda-002"],
        &[PASS, any("lambda:CreateFunction"), any("lambda:CreateEventSourceMapping")],
        PassedRole,
    )
    .to(LAMBDA),
    row(
        39,
        "runs code in a new Lambda function called from another account",
        &["lambda-006"],
        &[PASS, any("lambda:CreateFunction"), any("lambda:AddPermission")],
        PassedRole,
    )
    .to(LAMBDA),
    row(
        40,
        "runs code in a new Lambda function by its URL",
        &[],
        &[PASS, any("lambda:CreateFunction"), any("lambda:CreateFunctionUrlConfig")],
        PassedRole,
    )
    .to(LAMBDA),
    row(41, "makes a stack", &["cloudformation-001"], &[PASS, any("cloudformation:CreateStack")], PassedRole)
        .to(FORMATION),
    row(
        42,
        "makes a stack set with instances",
        &["cloudformation-003"],
        &[PASS, any("cloudformation:CreateStackSet"), any("cloudformation:CreateStackInstances")],
        PassedRole,
    )
    .to(FORMATION),
    row(43, "updates a stack set", &["cloudformation-004"], &[PASS, any("cloudformation:UpdateStackSet")], PassedRole)
        .to(FORMATION)
        .needing(&["a stack set"]),
    row(43, "updates a stack with another role", &[], &[PASS, any("cloudformation:UpdateStack")], PassedRole)
        .to(FORMATION)
        .needing(&["a stack"]),
    row(
        43,
        "makes a stack by a change set",
        &[],
        &[PASS, any("cloudformation:CreateChangeSet"), any("cloudformation:ExecuteChangeSet")],
        PassedRole,
    )
    .to(FORMATION),
    row(44, "makes a Glue development endpoint", &["glue-001"], &[PASS, any("glue:CreateDevEndpoint")], PassedRole)
        .to(GLUE),
    row(45, "runs a new Glue job", &["glue-003"], &[PASS, any("glue:CreateJob"), any("glue:StartJobRun")], PassedRole)
        .to(GLUE),
    row(
        46,
        "triggers a new Glue job",
        &["glue-004"],
        &[PASS, any("glue:CreateJob"), any("glue:CreateTrigger")],
        PassedRole,
    )
    .to(GLUE),
    row(47, "runs a Glue job anew", &["glue-005"], &[PASS, any("glue:UpdateJob"), any("glue:StartJobRun")], PassedRole)
        .to(GLUE)
        .needing(&["a Glue job"]),
    row(
        48,
        "triggers a Glue job anew",
        &["glue-006"],
        &[PASS, any("glue:UpdateJob"), any("glue:CreateTrigger")],
        PassedRole,
    )
    .to(GLUE)
    .needing(&["a Glue job"]),
    row(
        48,
        "runs statements in a new Glue session",
        &[],
        &[PASS, any("glue:CreateSession"), any("glue:RunStatement")],
        PassedRole,
    )
    .to(GLUE),
    row(
        49,
        "makes a SageMaker notebook",
        &["sagemaker-001"],
        &[PASS, any("sagemaker:CreateNotebookInstance")],
        PassedRole,
    )
    .to(SAGEMAKER),
    row(50, "runs a training job", &["sagemaker-002"], &[PASS, any("sagemaker:CreateTrainingJob")], PassedRole)
        .to(SAGEMAKER),
    row(51, "runs a processing job", &["sagemaker-003"], &[PASS, any("sagemaker:CreateProcessingJob")], PassedRole)
        .to(SAGEMAKER),
    row(
        52,
        "runs a new CodeBuild project",
        &["codebuild-001"],
        &[PASS, any("codebuild:CreateProject"), any("codebuild:StartBuild")],
        PassedRole,
    )
    .to(BUILD),
    row(
        53,
        "runs a new CodeBuild project as a batch",
        &["codebuild-004"],
        &[PASS, any("codebuild:CreateProject"), any("codebuild:StartBuildBatch")],
        PassedRole,
    )
    .to(BUILD),
    row(
        53,
        "runs a CodeBuild project with another role",
        &[],
        &[PASS, any("codebuild:UpdateProject"), any("codebuild:StartBuild")],
        PassedRole,
    )
    .to(BUILD)
    .needing(&["a CodeBuild project"]),
    row(
        54,
        "runs a task in a new ECS cluster",
        &["ecs-002"],
        &[PASS, any("ecs:CreateCluster"), any("ecs:RegisterTaskDefinition"), any("ecs:RunTask")],
        PassedRole,
    )
    .to(ECS),
    row(
        54,
        "runs an ECS task",
        &["ecs-004"],
        &[PASS, any("ecs:RegisterTaskDefinition"), any("ecs:RunTask")],
        PassedRole,
    )
    .to(ECS)
    .needing(ECS_CLUSTER),
    row(
        55,
        "runs a service in a new ECS cluster",
        &["ecs-001"],
        &[PASS, any("ecs:CreateCluster"), any("ecs:RegisterTaskDefinition"), any("ecs:CreateService")],
        PassedRole,
    )
    .to(ECS),
    row(
        55,
        "runs an ECS service",
        &["ecs-003"],
        &[PASS, any("ecs:RegisterTaskDefinition"), any("ecs:CreateService")],
        PassedRole,
    )
    .to(ECS)
    .needing(ECS_CLUSTER),
    row(
        56,
        "starts an ECS task on a container instance",
        &["ecs-005"],
        &[PASS, any("ecs:RegisterTaskDefinition"), any("ecs:StartTask")],
        PassedRole,
    )
    .to(ECS)
    .needing(CONTAINER_INSTANCE),
    row(
        57,
        "runs a new data pipeline",
        &["datapipeline-001"],
        &[
            PASS,
            any("datapipeline:CreatePipeline"),
            any("datapipeline:PutPipelineDefinition"),
            any("datapipeline:ActivatePipeline"),
        ],
        PassedRole,
    )
    .to("datapipeline.amazonaws.com"),
    row(57, "starts an EMR cluster", &[], &[PASS, any("elasticmapreduce:RunJobFlow")], PassedRole).to(EMR),
    row(
        57,
        "starts an EMR cluster of instances with a role",
        &[],
        &[on(On::Profiled, "iam:PassRole"), any("elasticmapreduce:RunJobFlow")],
        PassedRole,
    )
    .to(EC2),
    row(58, "makes an App Runner service", &["apprunner-001"], &[PASS, any("apprunner:CreateService")], PassedRole)
        .to("tasks.apprunner.amazonaws.com"),
    row(
        59,
        "runs code in a new Bedrock code interpreter",
        &["bedrock-001"],
        &[
            PASS,
            any("bedrock-agentcore:CreateCodeInterpreter"),
            any("bedrock-agentcore:StartCodeInterpreterSession"),
            any("bedrock-agentcore:InvokeCodeInterpreter"),
        ],
        PassedRole,
    )
    .to("bedrock-agentcore.amazonaws.com"),
    row(
        60,
        "calls AWS through a new state machine",
        &[],
        &[PASS, any("states:CreateStateMachine"), any("states:StartExecution")],
        PassedRole,
    )
    .to("states.amazonaws.com"),
    row(61, "calls AWS through a new schedule", &[], &[PASS, any("scheduler:CreateSchedule")], PassedRole)
        .to("scheduler.amazonaws.com"),
    row(
        62,
        "calls AWS through a new event rule",
        &[],
        &[PASS, any("events:PutRule"), any("events:PutTargets")],
        PassedRole,
    )
    .to("events.amazonaws.com"),
    row(
        63,
        "runs a new Batch job",
        &[],
        &[PASS, any("batch:RegisterJobDefinition"), any("batch:SubmitJob")],
        PassedRole,
    )
    .to(ECS)
    .needing(BATCH_QUEUE),
    row(64, "runs an automation of Systems Manager", &[], &[PASS, any("ssm:StartAutomationExecution")], PassedRole)
        .to("ssm.amazonaws.com"),
    row(
        65,
        "signs in with a certificate of its own by Roles Anywhere",
        &[],
        &[PASS, any("rolesanywhere:CreateTrustAnchor"), any("rolesanywhere:CreateProfile")],
        PassedRole,
    )
    .to("rolesanywhere.amazonaws.com"),
    row(
        66,
        "gives the users of an identity pool a role",
        &[],
        &[PASS, any("cognito-identity:SetIdentityPoolRoles")],
        PassedRole,
    )
    .to("cognito-identity.amazonaws.com")
    .needing(&["a Cognito identity pool that the principal can sign in to"]),
    // User data of the template runs as root on the new nodes, which EKS starts in the caller's name (EKS user guide,
    // Customize managed nodes with launch templates). EKS makes the instance profile itself.
    row(
        91,
        "makes a node group of a cluster with a launch template of its own",
        &[],
        &[PASS, on(On::Cluster, "eks:CreateNodegroup"), any("ec2:CreateLaunchTemplate"), any("ec2:RunInstances")],
        PassedRole,
    )
    .to(EC2),
    row(91, "makes a node group of a cluster", &[], &[PASS, on(On::Cluster, "eks:CreateNodegroup")], PassedRole)
        .to(EC2)
        .needing(&[
            "a way onto the new nodes: a launch template that is there, a key for remote access, or a pod there",
        ]),
    // The role is that of the kubelet beside the pod; containers on Fargate do not get it.
    row(
        92,
        "makes a Fargate profile of a cluster",
        &[],
        &[PASS, on(On::Cluster, "eks:CreateFargateProfile")],
        PassedRole,
    )
    .to("eks-fargate-pods.amazonaws.com")
    .needing(&["a pod on the profile that gets out of its container"]),
];
