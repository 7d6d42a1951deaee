//! Golden screens of the demo at three sizes, and what must hold for any screen.

use proptest::prelude::*;
use rolewalk::app::{Code, Key, Msg, Settings};
use rolewalk::base::{Name, text};
use rolewalk::testing::{Harness, dump, golden, svg};

const SIZES: [(u16, u16); 3] = [(100, 30), (80, 24), (200, 50)];

/// Scripts and the screens they lead to.
const SCREENS: &[(&str, &str)] = &[
    ("explorer/start", ""),
    ("explorer/role", "l, l"),
    ("explorer/access", "l, l, l"),
    ("explorer/filter", "filter ns:payments"),
    ("explorer/nothing_found", "filter ns:paymnts"),
    ("explorer/folded", "x"),
    ("explorer/roles", "roles"),
    ("explorer/nodes", "nodes"),
    ("explorer/help", "?"),
    ("explorer/command", ":, type th"),
    ("explorer/menu", "space"),
    ("explorer/details", "filter ns:payments, d"),
    ("explorer/used_by", "filter ns:payments, l, l, u"),
    ("explorer/sources", "sources"),
    ("explorer/zoom", "tab, tab, z"),
    ("explorer/rights", "filter runner, l, G"),
    ("findings/start", "2"),
    ("findings/lines", "2, j, j, tab, j"),
    ("findings/filter", "findings sev:>=high rule:TRUST-*"),
    ("findings/nothing_found", "findings xyzzy"),
    ("findings/page", "findings rule:IRSA-011, d"),
    ("findings/clause", "findings rule:TRUST-008, enter"),
    ("findings/raw", "findings rule:IRSA-011, y"),
    ("findings/of_selection", "filter ns:payments, F"),
    ("findings/rules", "rules"),
    ("findings/accepting", "findings rule:IRSA-011, a"),
    ("findings/accepted", "findings orders-import, a, type the move is planned, enter, enter, !"),
    ("explorer/sharing", "sharing"),
    ("explorer/tokens", "tokens"),
    ("policy/identity", "filter ns:payments, 6"),
    ("policy/trust", "filter ns:payments, t"),
    ("policy/trust_refused", "filter quality, t"),
    (
        "explain/deny",
        "explain sa/prod-eu1/payments/payments-api s3:GetObject arn:aws:s3:::acme-invoices/2026/02/118.pdf",
    ),
    ("explain/allow", "explain sa/prod-eu1/payments/payments-api s3:ListBucket arn:aws:s3:::acme-invoices"),
    ("explain/cond", "explain sa/prod-eu1/orders/orders-mailer s3:PutObject arn:aws:s3:::acme-invoices/118.pdf"),
    ("explain/input", "/, type ts-api, enter, e, type getob"),
    ("rbac/start", "7"),
    ("rbac/uses", "rbac data, j, j, j, j, j, j, l, l"),
    ("rbac/subject", "filter etl, r, j"),
    ("rbac/nobody", "rbac user/prod-eu1/nobody"),
    ("reach/blast", "filter etl, b"),
    ("reach/blast_folded", "filter etl, b, x"),
    ("reach/marked", "filter etl, b, B"),
    ("reach/path", "filter ns:ci, m, filter etl, p"),
    ("reach/path_step", "filter ns:ci, m, filter etl, p, j"),
    ("reach/picture", "filter etl, b, V, l, j"),
    ("reach/picture_open", "filter etl, b, V, j, j, j, j, j, j, enter"),
    ("reach/picture_path", "filter ns:ci, m, filter etl, p, V"),
    ("who_can/write", "who-can write acme-invoices"),
    ("who_can/cond", "who-can write acme-invoices, ]"),
    ("who_can/denied", "who-can sqs:SendMessage arn:aws:sqs:eu-west-1:111122223333:other, !, G"),
    ("who_can/switches", "who-can write acme-invoices, f"),
    ("who_can/input", "w, type acme-inv"),
    ("diff/start", "8"),
    ("diff/down", "8, ], ], j, j"),
    ("diff/access", "8, !"),
    ("diff/choose", "8, D"),
    ("diff/zoom", "8, ], z"),
    (
        "policy/asked",
        "explain sa/prod-eu1/payments/payments-api s3:GetObject arn:aws:s3:::acme-invoices/2026/02/118.pdf, y",
    ),
];

fn screen(script: &str, settings: Settings, size: (u16, u16)) -> String {
    let mut ui = Harness::demo_with(Settings { size, ..settings });
    ui.run(script);
    dump(&ui.draw(size))
}

#[test]
fn the_screens_of_the_demo_are_as_recorded() {
    let mut wrong = Vec::new();
    for (name, script) in SCREENS {
        for size in SIZES {
            let found = screen(script, Settings::default(), size);
            let path = format!("tests/screens/{name}.{}x{}.txt", size.0, size.1);
            wrong.extend(golden::compare(&path, &found).err());
        }
    }
    let looks = [
        ("mono", Settings { color: false, ..Settings::default() }),
        ("ascii", Settings { ascii: true, ..Settings::default() }),
    ];
    for (name, settings) in looks {
        let found = screen("", settings, (100, 30));
        wrong.extend(golden::compare(&format!("tests/screens/look/{name}.txt"), &found).err());
    }
    let found = screen("filter etl, b, V, l, j", Settings { ascii: true, ..Settings::default() }, (100, 30));
    wrong.extend(golden::compare("tests/screens/look/ascii_picture.txt", &found).err());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_pictures_of_the_readme_are_what_the_program_draws() {
    let mut wrong = Vec::new();
    for (name, script) in [
        ("explorer", "filter ns:payments|orders"),
        ("findings", "2, j"),
        ("policy", "filter ns:payments, 6"),
        ("diff", "8"),
        ("help", "?"),
    ] {
        let mut ui = Harness::demo();
        ui.run(script);
        let picture = svg(&ui.draw((100, 30)), name);
        wrong.extend(golden::compare(&format!("assets/screens/{name}.svg"), &picture).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_ascii_terminal_gets_ascii_only() {
    for (_, script) in SCREENS {
        let mut ui = Harness::demo_with(Settings { ascii: true, ..Settings::default() });
        ui.run(script);
        let buffer = ui.draw((100, 30));
        let strange: Vec<&str> =
            buffer.content().iter().map(|cell| cell.symbol()).filter(|it| !it.is_ascii()).collect();
        assert!(strange.is_empty(), "{script}: {strange:?}");
    }
}

#[test]
fn a_small_terminal_names_the_size_it_needs_and_keys_still_work() {
    let mut ui = Harness::demo();
    assert!(dump(&ui.draw((59, 20))).contains("needs 60x16, is 59x20"));
    ui.run("q, q");
    assert_eq!(ui.outside, ["quit"]);
}

#[test]
fn the_cursor_of_the_terminal_stands_on_the_selected_row() {
    let mut ui = Harness::demo();
    ui.run("j, j");
    let buffer = ui.draw((100, 30));
    let (x, y) = ui.cursor().expect("the cursor is shown");
    assert_eq!(buffer[(x, y)].symbol(), "▌");
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => proptest::char::range(' ', '~').prop_map(Key::char),
        1 => proptest::sample::select(vec!['d', 'u', 'f', 'b', 'l', 'r', 's', 'w']).prop_map(Key::ctrl),
        4 => proptest::sample::select(vec![
            Code::Enter, Code::Esc, Code::Tab, Code::BackTab, Code::Up, Code::Down, Code::Left, Code::Right,
            Code::Home, Code::End, Code::PageUp, Code::PageDown, Code::Backspace, Code::F(1),
        ])
        .prop_map(Key::new),
    ]
}

fn is_clean(symbol: &str) -> bool {
    matches!(text::clean(symbol), std::borrow::Cow::Borrowed(_))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_at_no_size_panic_or_leave_a_cell_unprintable(
        keys in prop::collection::vec((key(), 1u16..160, 1u16..60), 1..40),
    ) {
        let mut ui = Harness::demo();
        for (key, width, height) in keys {
            ui.key(key);
            let buffer = ui.draw((width, height));
            prop_assert!(buffer.content().iter().all(|cell| is_clean(cell.symbol())));
        }
    }

    #[test]
    fn hostile_names_never_leave_the_cells_clean(name in "(\\PC|[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{202e}]|名){1,60}", pasted in "(?s).{0,40}") {
        let mut ui = Harness::with(hostile(&name), Settings::default());
        for script in ["", "l", "d", "esc, l, l", "u", "esc, nodes", "sa", "@", "esc, v, ?"] {
            ui.run(script);
            ui.send(Msg::Paste(pasted.clone()));
            for size in [(100, 30), (80, 24), (160, 40)] {
                let buffer = ui.draw(size);
                prop_assert!(buffer.content().iter().all(|cell| is_clean(cell.symbol())));
            }
        }
    }
}

/// One pod whose every name is the same foreign text.
fn hostile(name: &str) -> rolewalk::model::Inventory {
    use std::sync::Arc;

    use rolewalk::model::facts::meta::Meta;
    use rolewalk::model::facts::pod::{Container, ContainerKind, Phase, Pod, PodSpec};
    use rolewalk::model::feed::{Batch, Change, Delta, Place};
    use rolewalk::model::{Inventory, Reading, SourceId, SourceKind};

    let name = Name::from(name);
    let container = Container {
        name: name.clone(),
        kind: ContainerKind::Container,
        image: name.clone(),
        env: Vec::new(),
        env_from: Vec::new(),
        mounts: Vec::new(),
        security: Default::default(),
        target: Name::default(),
    };
    let pod = Pod {
        meta: Meta { namespace: name.clone(), name: name.clone(), ..Meta::default() },
        spec: Arc::new(PodSpec { service_account: name.clone(), containers: vec![container], ..PodSpec::default() }),
        node: name.clone(),
        phase: Phase::Running,
        ready: true,
    };
    let mut inventory = Inventory::default();
    let source = SourceId::new("clusters/c", SourceKind::Pods);
    for change in [
        Change::Opened,
        Change::Page(Batch::Pods(vec![Arc::new(pod)])),
        Change::Listed { reading: Reading::Complete, read_at: None, why: String::new() },
    ] {
        inventory.apply(Delta { place: Place::Cluster(name.clone()), source: source.clone(), change });
    }
    inventory
}

/// One namespace in fifty, with plain names: what a person filters.
#[test]
#[ignore = "a measurement; run it with --ignored --nocapture, best with --release"]
fn typing_on_a_hundred_thousand_rows() {
    use std::sync::Arc;
    use std::time::Instant;

    use rolewalk::model::facts::meta::Meta;
    use rolewalk::model::facts::pod::{Container, ContainerKind, Phase, Pod, PodSpec};
    use rolewalk::model::feed::{Batch, Change, Delta, Place};
    use rolewalk::model::{Inventory, Reading, SourceId, SourceKind};

    let container = Container {
        name: "app".into(),
        kind: ContainerKind::Container,
        image: "registry/app:1".into(),
        env: Vec::new(),
        env_from: Vec::new(),
        mounts: Vec::new(),
        security: Default::default(),
        target: Name::default(),
    };
    let spec =
        Arc::new(PodSpec { service_account: "default".into(), containers: vec![container], ..PodSpec::default() });
    let pod = |at: usize| {
        let meta = Meta {
            namespace: format!("team-{}", at % 50).into(),
            name: format!("service-{at}-7d9c6b5f4-x2lqk").into(),
            ..Meta::default()
        };
        Arc::new(Pod { meta, spec: spec.clone(), node: "node-1".into(), phase: Phase::Running, ready: true })
    };
    let mut inventory = Inventory::default();
    let source = SourceId::new("clusters/c", SourceKind::Pods);
    for change in [
        Change::Opened,
        Change::Page(Batch::Pods((0..100_000).map(pod).collect())),
        Change::Listed { reading: Reading::Complete, read_at: None, why: String::new() },
    ] {
        inventory.apply(Delta { place: Place::Cluster("c".into()), source: source.clone(), change });
    }
    let mut ui = Harness::with(inventory, Settings::default());
    let mut time = |name: &str, work: &dyn Fn(&mut Harness)| {
        let start = Instant::now();
        work(&mut ui);
        eprintln!("{name:<44} {:>9.2?}", start.elapsed());
    };
    time("j", &|ui| ui.key(Key::char('j')));
    time("j again", &|ui| ui.key(Key::char('j')));
    time("G", &|ui| ui.key(Key::char('G')));
    time("draw", &|ui| drop(ui.draw((100, 30))));
    time("/", &|ui| ui.key(Key::char('/')));
    for text in ["s", "e", "r", "9", "9"] {
        time(&format!("type {text}: parse, filter, view"), &|ui| ui.type_text(text));
    }
    time("type a blank and ~vi", &|ui| ui.type_text(" ~vi"));
    time("draw", &|ui| drop(ui.draw((100, 30))));
}
