//! The stream of news, as it breaks.

use std::sync::mpsc;
use std::time::Duration;

use super::in_turn;
use super::stub::{Reply, Stub, no_waits};
use crate::block_on;
use crate::service::requests::Waits;

/// What a stream sends: these, and then nothing until the sender is dropped.
fn sends(parts: &[&'static str]) -> (Reply, mpsc::Sender<&'static str>) {
    let (sender, receiver) = mpsc::channel();
    for &part in parts {
        sender.send(part).unwrap();
    }
    (Reply::Stream(receiver), sender)
}

const VERSION_1: &str = "event: version\ndata: {\"version\": 1, \"deleted\": false}\n\n";
const VERSION_2: &str = "event: version\ndata: {\"version\": 2, \"deleted\": false}\n\n";

#[test]
fn a_lost_stream_of_events_is_opened_again() {
    let stub = Stub::signed_in(in_turn(vec![
        || sends(&[VERSION_1]).0,
        || Reply::Json(503, "<html>".into()),
        || Reply::Json(500, String::new()),
        || Reply::HangUp,
        || sends(&[VERSION_2]).0,
    ]));
    let mut events = stub.service(no_waits(), None).events("x");
    block_on(events.changed());
    block_on(events.changed());
    assert_eq!(stub.asked("/events").len(), 5);
}

#[test]
fn a_silent_stream_is_opened_again_and_a_quiet_one_is_not() {
    let waits = Waits {
        stall: Duration::from_millis(300),
        ..no_waits()
    };
    let mut held = Vec::new();
    let stub = Stub::signed_in(move |_| {
        let (reply, sender) = sends(&[]);
        if !held.is_empty() {
            let quiet = sender.clone();
            std::thread::spawn(move || {
                for _ in 0..30 {
                    _ = quiet.send(": here\n\n");
                    std::thread::sleep(Duration::from_millis(20));
                }
                _ = quiet.send(VERSION_1);
            });
        }
        held.push(sender);
        reply
    });
    let mut events = stub.service(waits, None).events("x");
    block_on(events.changed());
    assert_eq!(stub.asked("/events").len(), 2);
}

#[test]
fn one_look_is_for_all_versions_that_came_meanwhile() {
    let mut held = Vec::new();
    let stub = Stub::signed_in(move |_| {
        // In one piece, so that all are there with the first.
        let versions = concat!(
            "event: version\ndata: {\"version\": 1, \"deleted\": false}\n\n",
            "event: version\ndata: {\"version\": 2, \"deleted\": false}\n\n",
            "event: version\ndata: {\"version\": 3, \"deleted\": false}\n\n",
        );
        let (reply, sender) = sends(&[versions]);
        held.push(sender);
        reply
    });
    let mut events = stub.service(no_waits(), None).events("x");
    block_on(events.changed());
    let next = async { tokio::time::timeout(Duration::from_millis(50), events.changed()).await };
    assert!(block_on(next).is_err());
}
