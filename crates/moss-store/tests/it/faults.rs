//! Requests that fail at any step of a push, before or after their work.

use std::sync::Arc;

use moss_core::ErrorKind;
use moss_store::{Commit, Store};
use object_store::memory::InMemory;

use crate::flaky::{Answer, Fault, Flaky};
use crate::writer::{done, head_contents, push, same, segment};

#[tokio::test]
async fn a_push_that_fails_anywhere_is_whole_or_not_there_and_can_be_repeated() {
    let mut faults_met = 0;
    let faults = Answer::ALL
        .into_iter()
        .flat_map(|answer| [Fault::Before(answer), Fault::After(answer)]);
    for fault in faults {
        // More steps than a push has: the last rounds run without a fault.
        for step in 0..12 {
            let objects = Arc::new(Flaky::new(Arc::new(InMemory::new())));
            let store = Store::from_objects(Arc::clone(&objects) as _);
            let index = store.project("p").unwrap().index("x").unwrap();
            if step % 2 == 0 {
                push(&index, "before").await;
            }
            let whole_before: Vec<String> = if step % 2 == 0 {
                vec!["before".into()]
            } else {
                vec![]
            };
            let whole_after = [&whole_before[..], &["new".into()]].concat();

            let mut transaction = index.begin().await.unwrap();
            let segment = segment("new");
            objects.fail_after(step / 2, fault);
            let entry = match transaction.write_segment(segment.clone()).await {
                Ok(entry) => entry,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Io);
                    let named = ["p/p/i/x/s/", "p/p/c/x"];
                    assert!(
                        named.iter().any(|path| error.to_string().contains(path)),
                        "{error}"
                    );
                    transaction.write_segment(segment).await.unwrap()
                }
            };
            let mut change = same(&transaction);
            change.segments.push(entry);
            change.doc_count += 1;
            let first = transaction.commit(&change).await;
            faults_met += usize::from(objects.heal());
            let visible = match index.head().await.unwrap() {
                Some(_) => head_contents(&index).await,
                None => vec![],
            };
            assert!(visible == whole_before || visible == whole_after, "{visible:?}");
            let committed = match first {
                Ok(commit) => done(commit),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Io);
                    done(transaction.commit(&change).await.unwrap())
                }
            };
            assert_eq!(index.head().await.unwrap().unwrap(), committed);
            assert_eq!(head_contents(&index).await, whole_after, "{fault:?} at {step}");
            assert_eq!(committed.version, whole_after.len() as u64, "committed once");
        }
    }
    assert!(faults_met >= 72, "only {faults_met} faults met");
}

#[tokio::test]
async fn a_lost_answer_does_not_make_a_lost_race_look_won() {
    let objects = Arc::new(Flaky::new(Arc::new(InMemory::new())));
    let store = Store::from_objects(Arc::clone(&objects) as _);
    let index = store.project("p").unwrap().index("x").unwrap();
    push(&index, "a").await;
    let late = index.begin().await.unwrap();
    push(&index, "b").await;
    objects.fail_after(0, Fault::After(Answer::TimedOut));
    assert_eq!(late.commit(&same(&late)).await.unwrap(), Commit::Lost);
    assert_eq!(head_contents(&index).await, ["a", "b"]);
}

#[tokio::test]
async fn a_project_registered_with_a_lost_answer_is_ours() {
    let objects = Arc::new(Flaky::new(Arc::new(InMemory::new())));
    let store = Store::from_objects(Arc::clone(&objects) as _);
    let project = store.project("p").unwrap();
    objects.fail_after(0, Fault::Before(Answer::Reset));
    assert_eq!(
        project.create_record(&"mine").await.unwrap_err().kind(),
        ErrorKind::Io
    );
    objects.fail_after(0, Fault::After(Answer::TimedOut));
    let created = project.create_record(&"mine").await.unwrap();
    assert_eq!(created, moss_store::Created::New);
}
