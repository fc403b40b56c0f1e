//! Pushes whose commit is not answered: it happened, or it did not.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use moss_cloud::{Attempt, Base, OnConflict, Pushed, WriteVersions, load, push};
use moss_core::query::{AddOptions, GetOptions};
use moss_core::session::{Model, Session};
use moss_core::{Error, ErrorKind, Result};
use moss_store::{Change, Commit, IndexStore, Manifest, NewSegment, SegmentEntry, Store, Transaction};
use uuid::Uuid;

use crate::support::doc;

/// What becomes of a commit.
#[derive(Clone, Copy)]
enum Fate {
    Answered,
    /// It happens, and nobody is told.
    AnswerLost,
    /// It does not happen, and nobody is told.
    RequestLost,
}

/// An index of which every commit of a push has one fate.
struct Careless {
    index: IndexStore,
    fate: Fate,
}

struct CarelessAttempt {
    transaction: Transaction,
    fate: Fate,
}

impl WriteVersions for Careless {
    type Reader = IndexStore;
    type Attempt = CarelessAttempt;

    fn reader(&self) -> &IndexStore {
        &self.index
    }

    async fn begin(&self) -> Result<CarelessAttempt> {
        Ok(CarelessAttempt {
            transaction: self.index.begin().await?,
            fate: self.fate,
        })
    }

    async fn committed(&self, _: &Manifest, _: u64) -> Option<Manifest> {
        None
    }
}

impl Attempt for CarelessAttempt {
    fn head(&self) -> Option<&Manifest> {
        self.transaction.head()
    }

    fn commit_id(&self) -> Uuid {
        self.transaction.commit_id()
    }

    async fn write_segment(&mut self, segment: NewSegment) -> Result<SegmentEntry> {
        self.transaction.write_segment(segment).await
    }

    async fn commit(&self, change: &Change) -> Result<Commit> {
        match self.fate {
            Fate::Answered => return self.transaction.commit(change).await,
            Fate::AnswerLost => drop(self.transaction.commit(change).await?),
            Fate::RequestLost => {}
        }
        Err(Error::new(ErrorKind::Network, "no answer"))
    }
}

/// A session and the index that it is pushed to.
struct Writer {
    index: IndexStore,
    session: Session,
    base: Base,
}

impl Writer {
    async fn open(index: &IndexStore) -> Writer {
        let session = Session::new(Model::Custom).unwrap();
        let loaded = load(index, None, None).await.unwrap();
        if let Some(loaded) = &loaded {
            loaded.with_layers(|layers| session.resume(layers)).unwrap();
        }
        Writer {
            index: index.clone(),
            session,
            base: loaded.map(|loaded| loaded.manifest).into(),
        }
    }

    fn add(&self, id: &str, text: &str) {
        let added = self.session.add_docs(vec![doc(id, text)], &AddOptions::new());
        added.unwrap();
    }

    fn delete(&self, id: &str) {
        assert_eq!(self.session.delete_docs(&[id]).unwrap(), 1);
    }

    async fn push(&mut self, fate: Fate, on_conflict: OnConflict) -> Result<Pushed> {
        let index = Careless {
            index: self.index.clone(),
            fate,
        };
        push(&index, &self.session, &mut self.base, on_conflict).await
    }

    /// Pushes, and is not answered.
    async fn push_unheard(&mut self, fate: Fate, on_conflict: OnConflict) {
        let error = self.push(fate, on_conflict).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
    }

    fn content(&self) -> Vec<String> {
        let documents = self.session.get_docs(&GetOptions::new()).unwrap();
        documents
            .into_iter()
            .map(|document| format!("{}={}", document.id, document.text))
            .collect()
    }
}

fn index() -> IndexStore {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let store = Store::open(&format!("memory://push-{}", NEXT.fetch_add(1, Relaxed)));
    let project = store.and_then(|store| store.project("project"));
    project.and_then(|project| project.index("name")).unwrap()
}

/// An index of version 1, which holds a=1.
async fn stored() -> IndexStore {
    let index = index();
    let mut writer = Writer::open(&index).await;
    writer.add("a", "1");
    writer.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    index
}

#[tokio::test]
async fn what_is_deleted_after_an_unanswered_push_stays_deleted() {
    for index in [index(), stored().await] {
        for fate in [Fate::AnswerLost, Fate::RequestLost] {
            let mut writer = Writer::open(&index).await;
            let before = writer.content();
            writer.add("x", "new");
            writer.push_unheard(fate, OnConflict::Merge).await;
            writer.delete("x");
            let pushed = writer.push(Fate::Answered, OnConflict::Merge).await.unwrap();
            assert_eq!((pushed.doc_count, pushed.conflicts.len()), (before.len(), 0));
            assert_eq!(writer.content(), before);
            assert_eq!(Writer::open(&index).await.content(), before);
        }
    }
}

#[tokio::test]
async fn an_unanswered_push_is_no_conflict_with_the_next() {
    for index in [index(), stored().await] {
        for fate in [Fate::AnswerLost, Fate::RequestLost] {
            let mut writer = Writer::open(&index).await;
            writer.add("x", "new");
            writer.push_unheard(fate, OnConflict::Fail).await;
            writer.add("x", "newer");
            writer.push(Fate::Answered, OnConflict::Fail).await.unwrap();
            assert_eq!(Writer::open(&index).await.content(), writer.content());
        }
    }
}

#[tokio::test]
async fn of_several_unanswered_pushes_the_one_that_happened_is_the_base() {
    let index = stored().await;
    let mut writer = Writer::open(&index).await;
    for (id, fate) in [
        ("x", Fate::RequestLost),
        ("y", Fate::AnswerLost),
        ("z", Fate::AnswerLost),
    ] {
        writer.add(id, "new");
        writer.push_unheard(fate, OnConflict::Fail).await;
    }
    for id in ["x", "y", "z"] {
        writer.delete(id);
    }
    writer.push(Fate::Answered, OnConflict::Fail).await.unwrap();
    assert_eq!(Writer::open(&index).await.content(), ["a=1"]);
}

#[tokio::test]
async fn what_others_pushed_instead_is_theirs() {
    let index = stored().await;
    let (mut writer, mut other) = (Writer::open(&index).await, Writer::open(&index).await);
    writer.add("x", "writer's");
    writer.push_unheard(Fate::RequestLost, OnConflict::Merge).await;
    other.add("x", "other's");
    // The one version after the next is looked at, and not only the newest.
    other.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    other.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    let error = writer.push(Fate::Answered, OnConflict::Fail).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let pushed = writer.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    assert_eq!(pushed.conflicts, ["x"]);
    assert_eq!(Writer::open(&index).await.content(), ["a=1", "x=writer's"]);
}

#[tokio::test]
async fn what_a_happened_push_took_in_is_taken_in_later() {
    let index = stored().await;
    let (mut writer, mut other) = (Writer::open(&index).await, Writer::open(&index).await);
    other.add("b", "other's");
    other.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    writer.add("x", "writer's");
    writer.push_unheard(Fate::AnswerLost, OnConflict::Merge).await;
    assert_eq!(writer.content(), ["a=1", "x=writer's"]);
    // Others went on meanwhile.
    let mut third = Writer::open(&index).await;
    third.add("c", "third's");
    third.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    writer.push(Fate::Answered, OnConflict::Merge).await.unwrap();
    assert_eq!(writer.content(), ["a=1", "b=other's", "c=third's", "x=writer's"]);
    assert_eq!(Writer::open(&index).await.content(), writer.content());
}
