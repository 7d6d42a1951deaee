//! Techniques 68 to 87: something that runs with a role already.

use super::{Gives, On, Technique, any, on, row};

use Gives::{Instance, RunningRole};

const BUILD: &[&str] = &["a CodeBuild project with a role"];
const ENDPOINT: &[&str] = &["a Glue development endpoint with a role"];
const FUNCTION: &[&str] = &["a Lambda function with a role"];
const INTERPRETER: &[&str] = &["a Bedrock code interpreter with a role"];
const NETWORK: &[&str] = &["a network path to the instance"];
const NOTEBOOK: &[&str] = &["a SageMaker notebook with a role"];
const STACK: &[&str] = &["a stack with a role"];

pub(super) const ROWS: &[Technique] = &[
    row(68, "changes the code of a Lambda function", &["lambda-003"], &[any("lambda:UpdateFunctionCode")], RunningRole)
        .to("lambda.amazonaws.com")
        .needing(&["a Lambda function with a role, which something calls"]),
    row(
        69,
        "changes the code of a Lambda function and calls it",
        &["lambda-004"],
        &[any("lambda:UpdateFunctionCode"), any("lambda:InvokeFunction")],
        RunningRole,
    )
    .to("lambda.amazonaws.com")
    .needing(FUNCTION),
    row(
        70,
        "changes the code of a Lambda function and opens it to callers",
        &["lambda-005"],
        &[any("lambda:UpdateFunctionCode"), any("lambda:AddPermission")],
        RunningRole,
    )
    .to("lambda.amazonaws.com")
    .needing(FUNCTION),
    row(
        71,
        "changes layers, environment or handler of a Lambda function",
        &[],
        &[any("lambda:UpdateFunctionConfiguration")],
        RunningRole,
    )
    .to("lambda.amazonaws.com")
    .needing(&["a Lambda function with a role, which something calls"]),
    row(
        72,
        "changes what an instance runs when it starts",
        &["ec2-002"],
        &[
            on(On::Instance, "ec2:ModifyInstanceAttribute"),
            on(On::Instance, "ec2:StopInstances"),
            on(On::Instance, "ec2:StartInstances"),
        ],
        Instance,
    ),
    row(
        73,
        "changes the launch template of instances",
        &["ec2-004"],
        &[any("ec2:CreateLaunchTemplateVersion"), any("ec2:ModifyLaunchTemplate")],
        RunningRole,
    )
    .to("ec2.amazonaws.com")
    .needing(&["a launch template that gives instances a role"]),
    row(
        74,
        "sends an instance an SSH key and opens a tunnel to it",
        &[],
        &[on(On::Instance, "ec2-instance-connect:SendSSHPublicKey"), any("ec2-instance-connect:OpenTunnel")],
        Instance,
    )
    .needing(&["an EC2 Instance Connect endpoint"]),
    row(
        74,
        "sends an instance an SSH key",
        &[],
        &[on(On::Instance, "ec2-instance-connect:SendSSHPublicKey")],
        Instance,
    )
    .needing(NETWORK),
    row(75, "opens a session on an instance", &["ssm-001"], &[on(On::Instance, "ssm:StartSession")], Instance),
    row(76, "runs commands on an instance", &["ssm-002"], &[on(On::Instance, "ssm:SendCommand")], Instance),
    row(
        76,
        "runs commands on an instance by an association",
        &[],
        &[on(On::Instance, "ssm:CreateAssociation")],
        Instance,
    ),
    row(77, "updates a stack", &["cloudformation-002"], &[any("cloudformation:UpdateStack")], RunningRole)
        .to("cloudformation.amazonaws.com")
        .needing(STACK),
    row(
        78,
        "updates a stack by a change set",
        &["cloudformation-005"],
        &[any("cloudformation:CreateChangeSet"), any("cloudformation:ExecuteChangeSet")],
        RunningRole,
    )
    .to("cloudformation.amazonaws.com")
    .needing(STACK),
    row(
        79,
        "lets itself into a Glue development endpoint",
        &["glue-002"],
        &[any("glue:UpdateDevEndpoint")],
        RunningRole,
    )
    .to("glue.amazonaws.com")
    .needing(ENDPOINT),
    row(
        80,
        "opens a SageMaker notebook",
        &["sagemaker-004"],
        &[any("sagemaker:CreatePresignedNotebookInstanceUrl")],
        RunningRole,
    )
    .to("sagemaker.amazonaws.com")
    .needing(NOTEBOOK),
    row(
        81,
        "changes what a SageMaker notebook runs when it starts",
        &["sagemaker-005"],
        &[
            any("sagemaker:CreateNotebookInstanceLifecycleConfig"),
            any("sagemaker:StopNotebookInstance"),
            any("sagemaker:UpdateNotebookInstance"),
            any("sagemaker:StartNotebookInstance"),
        ],
        RunningRole,
    )
    .to("sagemaker.amazonaws.com")
    .needing(NOTEBOOK),
    row(
        82,
        "runs a CodeBuild project with its own commands",
        &["codebuild-002"],
        &[any("codebuild:StartBuild")],
        RunningRole,
    )
    .to("codebuild.amazonaws.com")
    .needing(BUILD),
    row(
        83,
        "runs a CodeBuild project with its own commands as a batch",
        &["codebuild-003"],
        &[any("codebuild:StartBuildBatch")],
        RunningRole,
    )
    .to("codebuild.amazonaws.com")
    .needing(BUILD),
    row(84, "changes an App Runner service", &["apprunner-002"], &[any("apprunner:UpdateService")], RunningRole)
        .to("tasks.apprunner.amazonaws.com")
        .needing(&["an App Runner service with a role"]),
    row(
        85,
        "runs code in a Bedrock code interpreter",
        &["bedrock-002"],
        &[any("bedrock-agentcore:StartCodeInterpreterSession"), any("bedrock-agentcore:InvokeCodeInterpreter")],
        RunningRole,
    )
    .to("bedrock-agentcore.amazonaws.com")
    .needing(INTERPRETER),
    row(86, "runs commands in an ECS task", &[], &[any("ecs:ExecuteCommand")], RunningRole)
        .to("ecs-tasks.amazonaws.com")
        .needing(&["an ECS task with a role and with commands switched on"]),
    row(86, "changes what an ECS service runs", &[], &[any("ecs:UpdateService")], RunningRole)
        .to("ecs-tasks.amazonaws.com")
        .needing(&["an ECS service, and a task definition with a role whose commands it can turn to use"]),
    row(
        87,
        "calls AWS through a state machine",
        &[],
        &[any("states:UpdateStateMachine"), any("states:StartExecution")],
        RunningRole,
    )
    .to("states.amazonaws.com")
    .needing(&["a state machine with a role"]),
];
