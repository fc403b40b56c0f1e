//! What any store must do for processes that share jobs. Part of [`crate::suite`].

use std::time::Duration;

use moss_store::Created;

use crate::Place;

pub(crate) async fn jobs_stand_in_the_order_of_their_arrival(place: Place) {
    let project = place.store.project("p").unwrap();
    assert!(project.queue("x").await.unwrap().is_empty());
    assert!(project.last_queued_jobs().await.unwrap().is_empty());
    for job in ["a", "b", "c"] {
        project.enqueue_job("x", job).await.unwrap();
    }
    project.enqueue_job("x/y", "other").await.unwrap();
    let jobs = async || {
        let mut jobs = Vec::new();
        for number in project.queue("x").await.unwrap() {
            jobs.push(project.queued_job("x", number).await.unwrap().unwrap());
        }
        jobs
    };
    assert_eq!(jobs().await, ["a", "b", "c"]);
    let numbers = project.queue("x").await.unwrap();
    project.dequeue_job("x", numbers[0]).await.unwrap();
    project.dequeue_job("x", numbers[0]).await.unwrap();
    project.dequeue_job("x", numbers[1]).await.unwrap();
    assert_eq!(project.queued_job("x", numbers[1]).await.unwrap(), None);
    project.enqueue_job("x", "d").await.unwrap();
    assert_eq!(jobs().await, ["c", "d"]);
    let mut last = project.last_queued_jobs().await.unwrap();
    last.sort();
    assert_eq!(last, ["d", "other"]);
}

pub(crate) async fn jobs_that_arrive_at_once_all_stand_in_the_queue(place: Place) {
    let project = place.store.project("p").unwrap();
    let tasks: Vec<_> = (0..12)
        .map(|job| {
            let project = project.clone();
            tokio::spawn(async move { project.enqueue_job("x", &format!("job {job}")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut jobs = Vec::new();
    for number in project.queue("x").await.unwrap() {
        jobs.push(project.queued_job("x", number).await.unwrap().unwrap());
    }
    jobs.sort();
    jobs.dedup();
    assert_eq!(jobs.len(), 12);
}

pub(crate) async fn a_job_is_claimed_by_one_and_its_age_is_the_stores(place: Place) {
    let project = place.store.project("p").unwrap();
    assert_eq!(project.claim_age("job", 1).await.unwrap(), None);
    assert_eq!(project.job_and_age::<String>("job").await.unwrap(), None);
    let tasks: Vec<_> = (0..12)
        .map(|by| {
            let project = project.clone();
            tokio::spawn(async move { project.claim_job("job", 1, &format!("worker {by}")).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap().unwrap() == Created::New);
    }
    assert_eq!(won, 1);
    assert_eq!(project.claim_job("job", 2, "next").await.unwrap(), Created::New);

    project.put_job("job", &"building").await.unwrap();
    // Ages grow while nobody writes, and start again when somebody does.
    let age = async || project.job_and_age::<String>("job").await.unwrap().unwrap().1;
    while age().await < Duration::from_millis(50) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let old = age().await;
    loop {
        project.put_job("job", &"building").await.unwrap();
        if age().await < old {
            break;
        }
    }
    let claimed = project.claim_age("job", 1).await.unwrap().unwrap();
    assert!(claimed >= old, "{claimed:?} {old:?}");
}
