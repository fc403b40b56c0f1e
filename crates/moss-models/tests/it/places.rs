//! Which file is chosen, and what is said when there is none.

use std::fs;

use moss_core::ErrorKind;
use moss_core::embed::Encoder;
use moss_core::vector::Precision;
use moss_models::{Places, find_file, locate, open_model, pack_to_file};
use tempfile::TempDir;

use crate::{nowhere, pack_tiny, published, tiny};

#[test]
fn the_first_place_that_has_the_model_decides() {
    let [first, second, third] = [0; 3].map(|_| TempDir::new().unwrap());
    let places = Places {
        model_dir: Some(first.path().to_owned()),
        bundled: Some(second.path().to_owned()),
        cache: Some(third.path().to_owned()),
        hub: None,
    };
    assert_eq!(find_file(&tiny(), &places).unwrap(), None);
    for folder in [&third, &second, &first] {
        let path = folder.path().join("tiny-bge.moss");
        pack_tiny(&path);
        assert_eq!(find_file(&tiny(), &places).unwrap(), Some(path));
    }
}

#[tokio::test]
async fn a_directory_of_published_files_goes_by_the_model_id() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("moss-tiny");
    fs::create_dir(&directory).unwrap();
    for entry in fs::read_dir(published()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), directory.join(entry.file_name())).unwrap();
    }
    let places = Places {
        model_dir: Some(folder.path().to_owned()),
        ..nowhere()
    };
    let path = locate(&tiny(), &places).await.unwrap();
    assert_eq!(path, directory);
    Encoder::open(&path, &tiny()).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_not_passed_over() {
    let [first, second] = [0; 2].map(|_| TempDir::new().unwrap());
    fs::write(first.path().join("tiny-bge.moss"), "damaged").unwrap();
    pack_tiny(&second.path().join("tiny-bge.moss"));
    let places = Places {
        model_dir: Some(first.path().to_owned()),
        bundled: Some(second.path().to_owned()),
        ..nowhere()
    };
    let path = locate(&tiny(), &places).await.unwrap();
    let error = Encoder::open(&path, &tiny()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelUnavailable);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn offline_and_absent_names_model_places_and_fix() {
    let folder = TempDir::new().unwrap();
    let places = Places {
        model_dir: Some(folder.path().to_owned()),
        ..nowhere()
    };
    let error = locate(&tiny(), &places).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelUnavailable);
    for part in [
        "moss-tiny",
        folder.path().to_str().unwrap(),
        "MOSS_OFFLINE",
        "tiny-bge.moss",
        "MOSS_MODEL_DIR",
    ] {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
    let error = locate(&tiny(), &nowhere()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelUnavailable);
}

#[test]
fn packing_leaves_a_whole_file_or_none() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("tiny-bge.moss");
    let wrong = moss_core::embed::ModelSpec {
        weights_sha256: Some("00"),
        ..tiny()
    };
    assert!(pack_to_file(&published(), &wrong, Precision::Int8, &out).is_err());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    pack_to_file(&published(), &tiny(), Precision::Int8, &out).unwrap();
    Encoder::open(&out, &tiny()).unwrap();
    let error = pack_to_file(
        &published(),
        &tiny(),
        Precision::Int8,
        &folder.path().join("no/such.moss"),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn sessions_share_one_model() {
    let (one, two) = tokio::join!(open_model("moss-minilm"), open_model("moss-minilm"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(std::sync::Arc::ptr_eq(&one, &two));
    assert_eq!(one.dim(), 384);
    assert_eq!(
        open_model("gpt").await.unwrap_err().kind(),
        ErrorKind::UnknownModel
    );
}
