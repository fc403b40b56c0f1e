//! The examples of docs/cli.md, run as they stand: one shell for the page, as a reader has.

use std::net::TcpListener;

use crate::shells;
use crate::support::Home;

/// Printed after each example.
const MARK: &str = "\u{1e}";

/// The examples: what is run, and what it must print.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut blocks = page.split("\n```").skip(1);
    while let (Some(block), Some(_)) = (blocks.next(), blocks.next()) {
        match block.split_once('\n') {
            Some(("sh", code)) => examples.push((code.to_owned(), String::new())),
            Some(("text", output)) => examples.last_mut().unwrap().1 = output.to_owned(),
            _ => {}
        }
    }
    examples
}

/// Whether the text is what is expected, where `…` stands for anything within a line.
fn fits(expected: &str, printed: &str) -> bool {
    let line_fits = |(expected, printed): (&str, &str)| {
        let mut rest = printed;
        let mut pieces = expected.split('…');
        let start = pieces.next().unwrap_or_default();
        let Some(after) = rest.strip_prefix(start) else {
            return false;
        };
        rest = after;
        let mut open = false;
        for piece in pieces {
            let Some(at) = rest.find(piece) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
            open = piece.is_empty();
        }
        open || rest.is_empty()
    };
    expected.lines().count() == printed.lines().count()
        && expected.lines().zip(printed.lines()).all(line_fits)
}

#[test]
fn every_example_prints_what_the_page_says() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let page = std::fs::read_to_string(page).unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let examples = examples(&page.replace("8080", &free.to_string()));
    assert!(examples.len() > 8, "{examples:?}");
    let home = Home::without_credentials();
    let code: Vec<&str> = examples.iter().map(|(code, _)| code.as_str()).collect();
    let script = format!(
        "unset MOSS_STORE\nexec 2>&1\n{}\nprintf '{MARK}'",
        code.join(&format!("\nprintf '{MARK}'\n"))
    );
    let output = shells::shell(&home, "bash", &script).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<&str> = printed.split(MARK).collect();
    assert_eq!(printed.len(), examples.len() + 1, "{printed:?}");
    for ((code, expected), printed) in examples.iter().zip(printed) {
        // A table fills its last column.
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        let printed = printed.join("\n");
        assert!(
            fits(expected, &printed),
            "{code}\nprinted:\n{printed}\ninstead of:\n{expected}"
        );
    }
}
