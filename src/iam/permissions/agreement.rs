//! The set answer agrees with the point answer: requests drawn from the rows, from their borders and at random, under
//! random completions of the context, over generated policies. Seeded, so a failure can be run again.

use std::fmt::Write as _;

use serde_json::Value;

use crate::base::Name;
use crate::iam::case;
use crate::iam::case::Catalogue as _;
use crate::iam::catalogue::Catalogue;
use crate::iam::decide::{Decision, Facts, decide_with};
use crate::iam::pattern::{Action, ActionPattern, ArnGlob};
use crate::iam::request::{Context, Request, Resource};

/// A small catalogue, so that most of the time goes into drawing.
const CATALOGUE: &str = "S\tec2\tEC2\t\nR\tinstance\tarn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}\t\nA\tDescribeInstances\tL\t\t\t\nA\tRunInstances\tW\t0!\t\t\nA\tStopInstances\tW\t0!\t\t
S\tiam\tIAM\t\nR\trole\tarn:${Partition}:iam::${Account}:role/${RoleNameWithPath}\t\nA\tGetRole\tR\t0!\t\t\nA\tListRoles\tL\t\t\t\nA\tPassRole\tW\t0!\t\t\nA\tPutRolePolicy\tP\t0!\t\t
S\tkms\tKMS\tr\nR\tkey\tarn:${Partition}:kms:${Region}:${Account}:key/${KeyId}\t\nA\tDecrypt\tW\t0!\t\t\nA\tEncrypt\tW\t0!\t\t\nA\tListKeys\tL\t\t\t
S\ts3\tS3\tr\nR\tobject\tarn:${Partition}:s3:::${BucketName}/${ObjectName}\t\nA\tDeleteObject\tW\t0!\t\t\nA\tGetBucketPolicy\tR\t0!\t\t\nA\tGetObject\tR\t0!\t\t\nA\tListAllMyBuckets\tL\t\t\t\nA\tListBucket\tL\t0!\t\t\nA\tPutObject\tW\t0!\t\t
S\tsqs\tSQS\tr\nR\tqueue\tarn:${Partition}:sqs:${Region}:${Account}:${QueueName}\t\nA\tReceiveMessage\tR\t0!\t\t\nA\tSendMessage\tW\t0!\t\t
S\tsts\tSTS\tr\nR\trole\tarn:${Partition}:iam::${Account}:role/${RoleNameWithPath}\t\nA\tAssumeRole\tW\t0\t\t\nA\tGetCallerIdentity\tR\t\t\t\nA\tGetSessionToken\tR\t\t\t\nA\tTagSession\tT\t0\t\t
";

pub(crate) fn small() -> Catalogue {
    use sha2::{Digest, Sha256};
    let sum = crate::iam::catalogue::format::hex(&Sha256::digest(CATALOGUE));
    let text = format!("# catalogue 1 source=test@1 data=2026-01-01 services=6 actions=21 sha256={sum}\n{CATALOGUE}");
    Catalogue::read(text.as_bytes()).unwrap()
}

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

const ACTIONS: &[&str] = &[
    "*",
    "s3:*",
    "s3:Get*",
    "s3:*Object",
    "s3:GetObject",
    "S3:putobject",
    "s3:List*",
    "s3:ListAllMyBuckets",
    "sqs:*",
    "sqs:SendMessage",
    "sqs:?e*",
    "ec2:*",
    "ec2:Describe*",
    "ec2:RunInstances",
    "iam:*",
    "iam:P*",
    "iam:PassRole",
    "kms:Decrypt",
    "kms:*",
    "sts:AssumeRole",
    "sts:*",
    "foo:Bar*",
    "foo:*",
    "s3:GetNew*",
    "ec2*:Describe*",
    "sts:GetSessionToken",
];

const RESOURCES: &[&str] = &[
    "*",
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::*/x*",
    "arn:aws:s3:::a/x?",
    "arn:aws:s3:::b",
    "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::a/${aws:username}",
    "arn:aws:sqs:*:111122223333:q*",
    "arn:aws:sqs:eu-west-1:*:*",
    "arn:aws:sqs:*",
    "arn:aws:sqs:*:q1",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::999999999999:role/app",
    "arn:aws:kms:*:111122223333:key/*",
    "arn:aws:kms:eu-west-1:111122223333:key/1",
    "arn:aws:ec2:*:*:*/*",
    "arn:aws:ec2:*:*:instance/*",
    "arn:*:*:*:*:*",
];

const KEYS: &[&str] =
    &["aws:SourceVpce", "aws:SecureTransport", "aws:PrincipalTag/team", "s3:prefix", "aws:username", "aws:TagKeys"];
const VALUES: &[&str] = &["a", "b", "true", "false", "a*", "*", "vpce-1"];
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIfExists",
    "StringNotEqualsIfExists",
    "Bool",
    "BoolIfExists",
    "Null",
    "ForAnyValue:StringEquals",
    "ForAllValues:StringEquals",
    "ForAllValues:StringNotEquals",
    "StringEqualsIgnoreCase",
];

fn list(dice: &mut Dice, from: &[&str], most: usize) -> String {
    let items: Vec<String> = (0..=dice.below(most)).map(|_| format!("\"{}\"", dice.pick(from))).collect();
    if items.len() == 1 && dice.one_in(2) { items[0].clone() } else { format!("[{}]", items.join(",")) }
}

fn condition(dice: &mut Dice) -> String {
    let operator = dice.pick(OPERATORS);
    let value = if operator == "Null" || operator.starts_with("Bool") {
        format!("\"{}\"", dice.pick(&["true", "false"]))
    } else {
        list(dice, VALUES, 2)
    };
    format!("{{\"{operator}\":{{\"{}\":{value}}}}}", dice.pick(KEYS))
}

fn statement(dice: &mut Dice, deny_in: usize, principal: bool, broken: bool) -> String {
    let mut out = String::from("{");
    let deny = dice.one_in(deny_in);
    let _ = write!(out, "\"Effect\":\"{}\",", if deny { "Deny" } else { "Allow" });
    if principal {
        let whom = dice.pick(&[
            "\"*\"",
            "{\"AWS\":\"111122223333\"}",
            "{\"AWS\":\"arn:aws:iam::111122223333:role/app\"}",
            "{\"AWS\":\"999999999999\"}",
            "{\"AWS\":\"arn:aws:sts::111122223333:assumed-role/app/s1\"}",
            "{\"Service\":\"ec2.amazonaws.com\"}",
        ]);
        let _ = write!(out, "\"{}\":{whom},", if dice.one_in(8) { "NotPrincipal" } else { "Principal" });
    }
    let _ = write!(out, "\"{}\":{},", if dice.one_in(6) { "NotAction" } else { "Action" }, list(dice, ACTIONS, 3));
    let _ = write!(out, "\"{}\":{}", if dice.one_in(7) { "NotResource" } else { "Resource" }, list(dice, RESOURCES, 3));
    if dice.one_in(3) {
        let _ = write!(out, ",\"Condition\":{}", condition(dice));
    }
    if broken && dice.one_in(12) {
        out += ",\"Extra\":1";
    }
    out + "}"
}

fn document(dice: &mut Dice, deny_in: usize, principal: bool, broken: bool) -> String {
    let statements: Vec<String> = (0..=dice.below(4)).map(|_| statement(dice, deny_in, principal, broken)).collect();
    format!(r#"{{"name":"p","document":{{"Version":"2012-10-17","Statement":[{}]}}}}"#, statements.join(","))
}

/// A case without its action and resource.
pub(crate) fn line(dice: &mut Dice) -> String {
    let principal = dice.pick(&[
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:sts::111122223333:assumed-role/app/s1",
        "arn:aws:iam::111122223333:user/app",
        "ec2.amazonaws.com",
        "arn:aws:iam::111122223333:role/aws-service-role/x/app",
        "anonymous",
    ]);
    let broken = dice.one_in(10);
    let documents: Vec<String> = (0..=dice.below(3)).map(|_| document(dice, 4, false, broken)).collect();
    let mut out = format!(
        r#"{{"id":1,"request":{{"principal":"{principal}","action":"ACTION","resource":"RESOURCE","context":CONTEXT,"context_mode":"MODE"}},"#
    );
    let _ = write!(out, r#""identity_policies":[{}]"#, documents.join(","));
    if dice.one_in(3) {
        let _ = write!(out, r#","permissions_boundary":{}"#, document(dice, 6, false, broken));
    }
    if dice.one_in(6) {
        let _ = write!(out, r#","session_policies":[{}]"#, document(dice, 8, false, false));
    }
    if dice.one_in(3) {
        let full = r#"{"name":"f","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}}"#;
        let more = document(dice, 2, false, false);
        let first = if dice.one_in(3) { document(dice, 8, false, false) } else { full.to_owned() };
        let _ = write!(
            out,
            r#","scps":[{{"level":"root","policies":[{first},{more}]}},{{"level":"account","policies":[{full}]}}]"#
        );
    }
    if dice.one_in(5) {
        let deny = statement(dice, 1, false, false).replacen('{', r#"{"Principal":"*","#, 1);
        let document = format!(r#"{{"name":"r","document":{{"Version":"2012-10-17","Statement":[{deny}]}}}}"#);
        let _ = write!(out, r#","rcps":[{{"level":"root","policies":[{document}]}}]"#);
    }
    if dice.one_in(3) {
        let _ = write!(out, r#","resource_policy":{}"#, document(dice, 4, true, false));
    }
    if dice.one_in(12) {
        let _ = write!(out, r#","endpoint_policies":[{}]"#, document(dice, 6, true, false));
    }
    out + "}"
}

/// A text that the pattern matches, or nearly.
fn instance(dice: &mut Dice, pattern: &str) -> String {
    const PIECES: &[&str] = &["", "a", "x", "b", "1", "a/x", "x1", "app", "eu-west-1"];
    let mut out = String::new();
    let mut part = 0;
    for character in pattern.chars() {
        match character {
            '*' | '?' if part == 4 => out += "111122223333",
            '*' => out += dice.pick(PIECES),
            '?' => out += dice.pick(&["a", "x", "1"]),
            ':' => {
                part += 1;
                out.push(':');
            }
            other => out.push(other),
        }
    }
    if dice.one_in(8) {
        out.pop();
    }
    if dice.one_in(8) {
        out += dice.pick(PIECES);
    }
    out
}

struct RowText {
    actions: Vec<ActionPattern>,
    except_actions: Vec<ActionPattern>,
    resources: Vec<ArnGlob>,
    except: Vec<ArnGlob>,
    status: String,
}

impl RowText {
    fn has(&self, action: &Action, resource: &str) -> bool {
        let names = |list: &[ActionPattern]| list.iter().any(|it| it.matches(action).is_yes());
        let holds = |list: &[ArnGlob]| list.iter().any(|it| it.matches(resource));
        names(&self.actions) && !names(&self.except_actions) && holds(&self.resources) && !holds(&self.except)
    }
}

fn rows(answer: &str) -> Vec<RowText> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let texts = |row: &Value, field: &str| -> Vec<String> {
        row[field].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let actions = |row: &Value, field: &str| texts(row, field).iter().map(|it| ActionPattern::new(it)).collect();
    // A text pattern runs over colons where a short one does (rule W5).
    let globs = |row: &Value, field: &str| {
        texts(row, field)
            .iter()
            .map(|it| {
                let short = it.split(':').count() < 6 && it.split(':').rev().skip(1).any(|part| part.ends_with('*'));
                if short { ArnGlob::Text(crate::iam::glob::Glob::new(it)) } else { ArnGlob::new(it) }
            })
            .collect()
    };
    let all = answer["rows"].as_array().unwrap();
    all.iter()
        .map(|row| RowText {
            actions: actions(row, "actions"),
            except_actions: actions(row, "except_actions"),
            resources: globs(row, "resources"),
            except: globs(row, "except"),
            status: row["status"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// Draws until `draws` requests were compared; gives how many were allowed, and how many lay in an exact row.
fn agree(seed: u64, draws: usize, each: usize) -> (usize, usize) {
    let catalogue = small();
    let mut dice = Dice(seed);
    let (mut done, mut allowed, mut exact) = (0, 0, 0);
    while done < draws {
        let line = line(&mut dice);
        let bare = line.replace("CONTEXT", "{}").replace("MODE", "open");
        let answer = case::permissions::answer_with(
            &bare.replace("ACTION", "s3:GetObject").replace("RESOURCE", "*"),
            &catalogue,
        );
        let rows = rows(&answer);
        let parsed: Value = serde_json::from_str(&answer).unwrap();
        let text = bare.replace("ACTION", "s3:GetObject").replace("RESOURCE", "*");
        let Ok(case) = case::Case::read(&text, &catalogue) else { panic!("{text}") };
        for _ in 0..each {
            let (action, resource) = draw(&mut dice, &catalogue, &parsed);
            // Which kind of document the resource policy is follows from the action, and a misplaced one is an error.
            if action.to_ascii_lowercase().starts_with("sts:") && case.policies.resource.is_some() {
                continue;
            }
            let request = Request {
                action: Action::new(&action),
                resource: if resource == "*" { Resource::None } else { Resource::Arn(Name::new(&resource)) },
                ..case.request.clone()
            };
            let facts = Facts { rcp_service: catalogue.takes_rcps(request.action.service()) };
            let found: Vec<&RowText> = rows.iter().filter(|row| row.has(&request.action, &resource)).collect();
            // A pattern that leaves the account open is taken as the caller's own.
            let foreign = resource.contains(":999999999999:");
            let is_exact = found.iter().any(|row| {
                let names_it =
                    row.resources.iter().any(|it| it.matches(&resource) && it.to_string().contains(":999999999999:"));
                row.status == "exact" && (!foreign || names_it)
            });
            let mut contexts = vec![Context::open()];
            contexts.extend((0..2).map(|_| completion(&mut dice)));
            for context in contexts {
                let open = context.is_open();
                let request = Request { context, ..request.clone() };
                let decision = decide_with(&request, &case.policies, facts).decision;
                let say =
                    || format!("{action} on {resource}: {decision:?} under {:?}\n{line}\n{answer}", request.context);
                assert!(decision != Decision::Allowed || !found.is_empty(), "hidden: {}", say());
                assert!(!is_exact || decision == Decision::Allowed, "not exact: {}", say());
                allowed += usize::from(decision == Decision::Allowed && !open);
            }
            exact += usize::from(is_exact);
            done += 1;
        }
    }
    (allowed, exact)
}

fn draw(dice: &mut Dice, catalogue: &Catalogue, answer: &Value) -> (String, String) {
    let all = answer["rows"].as_array().unwrap();
    let any = |list: &Value, dice: &mut Dice| -> Option<String> {
        let list = list.as_array()?;
        if list.is_empty() { None } else { list[dice.below(list.len())].as_str().map(str::to_owned) }
    };
    let row = if all.is_empty() { &Value::Null } else { &all[dice.below(all.len())] };
    let pattern = match dice.below(4) {
        0 => None,
        1 => any(&row["except_actions"], dice).or_else(|| any(&row["actions"], dice)),
        _ => any(&row["actions"], dice),
    };
    let pattern = pattern.unwrap_or_else(|| dice.pick(ACTIONS).to_owned());
    let known = catalogue.matching(&pattern);
    let action = if !known.is_empty() && !dice.one_in(6) {
        catalogue.action(known[dice.below(known.len())]).to_string()
    } else {
        match pattern.split_once(':') {
            Some((service, name)) if !service.contains('*') => {
                format!("{service}:{}", name.replace('*', dice.pick(&["", "X", "New"])).replace('?', "z"))
            }
            _ => dice.pick(&["foo:BarX", "s3:Frob", "new:Thing", "sqs:Zap"]).to_owned(),
        }
    };
    let action = if action.ends_with(':') { format!("{action}X") } else { action };
    // Rule W9: an action without resource types is asked for `*`, and the others are not.
    if catalogue.takes_resource(&Action::new(&action)) == Some(false) {
        return (action, "*".to_owned());
    }
    let pattern = match dice.below(3) {
        0 => any(&row["except"], dice),
        1 => any(&row["resources"], dice),
        _ => None,
    };
    let pattern = pattern.unwrap_or_else(|| dice.pick(RESOURCES).to_owned());
    let pattern =
        pattern.replace("${aws:PrincipalTag/team}", dice.pick(&["a", "b", "c"])).replace("${aws:username}", "a");
    let mut resource = instance(dice, &pattern);
    while resource.split(':').count() < 6 || resource.contains(['*', '?', '$', '"', '\\']) {
        let pattern = dice.pick(&[
            "arn:aws:s3:::*",
            "arn:aws:s3:::a/*",
            "arn:aws:sqs:eu-west-1:111122223333:q*",
            "arn:aws:kms:eu-west-1:111122223333:key/*",
        ]);
        resource = instance(dice, pattern);
    }
    (action, resource)
}

fn completion(dice: &mut Dice) -> Context {
    let mut context = Context::complete();
    for key in KEYS {
        if dice.one_in(2) {
            continue;
        }
        if *key == "aws:TagKeys" {
            let values: Vec<&str> = (0..dice.below(3)).map(|_| dice.pick(&["a", "b", "c"])).collect();
            context.set(key, crate::iam::request::Value::Many(values.into_iter().map(Name::new).collect()));
        } else {
            let value = if *key == "aws:SecureTransport" {
                dice.pick(&["true", "false"])
            } else {
                dice.pick(&["a", "b", "c", "true", "vpce-1"])
            };
            context.set(key, crate::iam::request::Value::One(Name::new(value)));
        }
    }
    if dice.one_in(2) {
        context.set("aws:userid", crate::iam::request::Value::One(Name::new(dice.pick(&["AROA:s1", "AROA:s2"]))));
    }
    context
}

#[test]
fn rows_and_point_answers_agree() {
    let (allowed, exact) = agree(1, 20_000, 100);
    assert!(allowed > 10_000 && exact > 1_000, "{allowed} allowed, {exact} in exact rows: the draws say too little");
}

#[test]
#[ignore = "a million draws, half a minute in a release build"]
fn rows_and_point_answers_agree_at_length() {
    for seed in 100..110 {
        let (allowed, exact) = agree(seed, 100_000, 40);
        assert!(allowed > 50_000 && exact > 5_000, "seed {seed}: {allowed} allowed, {exact} in exact rows");
    }
}
