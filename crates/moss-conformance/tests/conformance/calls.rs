//! The calls of scenarios as calls of the crate `moss`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use moss::{
    AddOptions, Client, Document, Error, ErrorKind, Filter, GetOptions, LoadOptions, OnConflict,
    ParentGrouping, Precision, PushOptions, QueryOptions, Session, SessionOptions, block_on, check_top_k,
};
use serde_json::{Value, json};

use crate::answers::{document_json, index_json, mutation_json, search_json};
use crate::values::{compare, float, resolve};

/// Which way the clients of a scenario reach the cloud, whose store is in the scenario's folder.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Door {
    /// They open the store themselves.
    Store,
    /// They ask a service over it.
    Service,
}

/// One scenario's folder and variables.
pub(crate) struct World {
    folder: PathBuf,
    base_url: String,
    clients: BTreeMap<String, Client>,
    sessions: BTreeMap<String, Session>,
    kept: BTreeMap<String, Value>,
}

/// What a call gave.
enum Outcome {
    Client(Client),
    Session(Session),
    Json(Value),
}

impl World {
    pub(crate) fn new(folder: &Path, door: Door) -> World {
        let store = folder.join("store").to_str().unwrap().to_owned();
        let base_url = match door {
            Door::Store => store,
            Door::Service => block_on(serve(store)),
        };
        let client = Client::with_base_url("project", "key", &base_url).unwrap();
        World {
            folder: folder.to_owned(),
            base_url,
            clients: BTreeMap::from([("client".to_owned(), client)]),
            sessions: BTreeMap::new(),
            kept: BTreeMap::new(),
        }
    }

    /// Makes one step's call and compares.
    pub(crate) fn step(&mut self, step: &Value) -> Result<(), String> {
        let args = Args(resolve(step.get("args").unwrap_or(&json!({})), &self.kept));
        let outcome = self.call(step["call"].as_str().unwrap(), &args);
        let name = step.get("as").map(|name| name.as_str().unwrap().to_owned());
        let result = match (outcome, step.get("error")) {
            (Err(error), Some(kind)) => return compare_error(step, kind, &error),
            (Err(error), None) => return Err(format!("{:?}: {error}", error.kind())),
            (Ok(_), Some(kind)) => return Err(format!("did not fail with {kind}")),
            (Ok(Outcome::Client(client)), None) => {
                self.clients.insert(name.unwrap(), client);
                return Ok(());
            }
            (Ok(Outcome::Session(session)), None) => {
                name.map(|name| self.sessions.insert(name, session));
                return Ok(());
            }
            (Ok(Outcome::Json(result)), None) => result,
        };
        let documents = result.get("docs").unwrap_or(&result);
        let column = |field: &str| -> Value {
            let documents = documents.as_array().unwrap().iter();
            documents.map(|document| document[field].clone()).collect()
        };
        if let Some(ids) = step.get("ids") {
            compare(ids, &column("id"), "ids")?;
        }
        if let Some(scores) = step.get("scores") {
            compare(scores, &column("score"), "scores")?;
        }
        if let Some(count) = step.get("count") {
            compare(count, &json!(documents.as_array().unwrap().len()), "count")?;
        }
        if let Some(expected) = step.get("expect") {
            compare(&resolve(expected, &self.kept), &result, "result")?;
        }
        name.map(|name| self.kept.insert(name, result));
        Ok(())
    }

    fn call(&self, call: &str, args: &Args) -> moss::Result<Outcome> {
        match call.split_once('.') {
            None if call == "open_client" => {
                Client::with_base_url(args.text("project_id"), args.text("project_key"), &self.base_url)
                    .map(Outcome::Client)
            }
            None if call == "damage" => {
                let damaged = damage(&self.folder.join(args.text("path")), args.text("suffix"));
                assert!(damaged > 0, "nothing to damage");
                Ok(Outcome::Json(Value::Null))
            }
            None => panic!("no call {call:?}"),
            Some((variable, call)) => match (self.clients.get(variable), self.sessions.get(variable)) {
                (Some(client), _) => call_client(client, &self.folder, call, args),
                (_, Some(session)) => self.call_session(session, call, args).map(Outcome::Json),
                _ => panic!("no variable {variable:?}"),
            },
        }
    }

    fn call_session(&self, session: &Session, call: &str, args: &Args) -> moss::Result<Value> {
        let path = |args: &Args| self.folder.join(args.text("path"));
        Ok(match call {
            "name" => json!(session.name()),
            "model_id" => json!(session.model_id()),
            "doc_count" => json!(session.doc_count()),
            "add_docs" => {
                let counts = session.add_docs(args.documents(), &args.add_options())?;
                json!([counts.added, counts.updated])
            }
            "delete_docs" => json!(session.delete_docs(&args.texts("doc_ids").unwrap())?),
            "get_docs" => {
                let documents = session.get_docs(&args.get_options()?)?;
                documents.iter().map(document_json).collect()
            }
            "query" => search_json(&session.query(args.text("query"), &args.query_options()?)?),
            "push_index" => {
                let mut options = PushOptions::new();
                options.on_conflict = args.get("on_conflict").map(|rule| match rule.as_str() {
                    Some("merge") => OnConflict::Merge,
                    Some("replace") => OnConflict::Replace,
                    Some("fail") => OnConflict::Fail,
                    _ => panic!("no rule {rule}"),
                });
                let pushed = block_on(session.push_index(&options))?;
                json!({
                    "job_id": pushed.job_id, "index_name": pushed.index_name, "doc_count": pushed.doc_count,
                    "status": pushed.status, "version": pushed.version, "conflicts": pushed.conflicts,
                })
            }
            "load_index" => json!(block_on(
                session.load_index(args.text("index_name"), &LoadOptions::new())
            )?),
            "save_to_disk" => session.save_to_disk(&path(args)).map(|()| Value::Null)?,
            "load_from_disk" => json!(block_on(session.load_from_disk(&path(args)))?),
            _ => panic!("no call {call:?} of a session"),
        })
    }
}

/// Starts a service over a store on a free port; the manage URL. It runs until the test's process ends.
async fn serve(store: String) -> String {
    let mut options = moss_serve::Options::new(store);
    options.listen = "127.0.0.1:0".to_owned();
    options.register_on_first_use = true;
    let server = moss_serve::Server::start(options).await.unwrap();
    let manage_url = format!("{}/v1/manage", server.url());
    tokio::spawn(server.run(std::future::pending()));
    manage_url
}

/// Flips the last byte of every file below `path` with this end of its name; how many there were.
fn damage(path: &Path, suffix: &str) -> usize {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                return damage(&entry.path(), suffix);
            }
            if !entry.file_name().to_str().unwrap().ends_with(suffix) {
                return 0;
            }
            let mut bytes = fs::read(entry.path()).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(entry.path(), bytes).unwrap();
            1
        })
        .sum()
}

fn call_client(client: &Client, folder: &Path, call: &str, args: &Args) -> moss::Result<Outcome> {
    let model_id = args.get("model_id").map(|id| id.as_str().unwrap());
    let result = match call {
        "session" => {
            let mut options = SessionOptions::new();
            options.model_id = model_id.map(str::to_owned);
            options.auto_load = args.get("auto_load").is_none_or(|load| load.as_bool().unwrap());
            options.precision = args.get("precision").map(|precision| match precision.as_str() {
                Some("fp32") => Precision::F32,
                Some("int8") => Precision::Int8,
                _ => panic!("no precision {precision}"),
            });
            return block_on(client.session(args.text("index_name"), &options)).map(Outcome::Session);
        }
        "create_index" => mutation_json(&block_on(client.create_index(
            args.text("name"),
            args.documents(),
            model_id,
        ))?),
        "add_docs" => mutation_json(&block_on(client.add_docs(
            args.text("name"),
            args.documents(),
            &args.add_options(),
        ))?),
        "delete_docs" => {
            let ids = args.texts("doc_ids").unwrap();
            mutation_json(&block_on(client.delete_docs(args.text("name"), &ids))?)
        }
        "get_docs" => {
            let ids = args.texts("doc_ids");
            let documents = block_on(client.get_docs(args.text("name"), ids.as_deref()))?;
            documents.iter().map(document_json).collect()
        }
        "get_index" => index_json(&block_on(client.get_index(args.text("name")))?),
        "list_indexes" => block_on(client.list_indexes())?.iter().map(index_json).collect(),
        "delete_index" => json!(block_on(client.delete_index(args.text("name")))?),
        "get_job_status" => {
            let job = block_on(client.get_job_status(args.text("job_id")))?;
            json!({
                "job_id": job.job_id, "status": job.status, "progress": job.progress,
                "current_phase": job.current_phase, "error": job.error,
            })
        }
        "load_index" => {
            let mut options = LoadOptions::new();
            options.cache_path = args
                .get("cache_path")
                .map(|path| folder.join(path.as_str().unwrap()));
            block_on(client.load_index(args.text("name"), &options))?;
            Value::Null
        }
        "unload_index" => client.unload_index(args.text("name")).map(|()| Value::Null)?,
        "load_indexes" => {
            let result = block_on(client.load_indexes(&args.texts("names").unwrap()));
            json!({"loaded": result.loaded, "failed": result.failed})
        }
        "refresh_index" => {
            let result = block_on(client.refresh_index(args.text("name")))?;
            json!({"index_name": result.index_name, "was_updated": result.was_updated})
        }
        "query" => {
            search_json(&client.query(args.text("name"), args.text("query"), &args.query_options()?)?)
        }
        "cloud_query" => search_json(&block_on(client.cloud_query(
            args.text("name"),
            args.text("query"),
            &args.query_options()?,
        ))?),
        "query_multi_index" => {
            let names = args.texts("names").unwrap();
            search_json(&client.query_multi_index(&names, args.text("query"), &args.query_options()?)?)
        }
        _ => panic!("no call {call:?} of a client"),
    };
    Ok(Outcome::Json(result))
}

fn compare_error(step: &Value, kind: &Value, error: &Error) -> Result<(), String> {
    let kind = kind.as_str().unwrap();
    let expected = ErrorKind::from_name(kind).unwrap_or_else(|| panic!("no error kind {kind:?}"));
    if error.kind() != expected {
        return Err(format!("expected {expected:?}, got {:?}: {error}", error.kind()));
    }
    let parts = step
        .get("contains")
        .map_or(&[][..], |parts| parts.as_array().unwrap());
    match parts
        .iter()
        .find(|part| !error.to_string().contains(part.as_str().unwrap()))
    {
        Some(part) => Err(format!("message does not contain {part}: {error}")),
        None => Ok(()),
    }
}

/// The arguments of a call.
struct Args(Value);

impl Args {
    /// An argument, if it is passed.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> &str {
        let value = self.get(name).unwrap_or_else(|| panic!("no argument {name:?}"));
        value.as_str().unwrap()
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let values = self.get(name)?.as_array().unwrap();
        Some(
            values
                .iter()
                .map(|value| value.as_str().unwrap().to_owned())
                .collect(),
        )
    }

    fn documents(&self) -> Vec<Document> {
        let documents = self.get("docs").unwrap().as_array().unwrap();
        documents
            .iter()
            .map(|document| {
                let part = Args(document.clone());
                Document {
                    metadata: part.get("metadata").map(|map| {
                        let fields = map.as_object().unwrap().iter();
                        fields
                            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                            .collect()
                    }),
                    embedding: part.vector(),
                    payload: part
                        .get("payload")
                        .map(|payload| payload.as_str().unwrap().to_owned()),
                    ..Document::new(part.text("id"), part.text("text"))
                }
            })
            .collect()
    }

    fn vector(&self) -> Option<Vec<f32>> {
        let values = self.get("embedding")?.as_array().unwrap();
        Some(values.iter().map(float).collect())
    }

    fn add_options(&self) -> AddOptions {
        AddOptions::new().upsert(self.get("upsert").is_none_or(|upsert| upsert.as_bool().unwrap()))
    }

    fn filter(&self) -> moss::Result<Option<Filter>> {
        self.0.get("filter").map(Filter::parse).transpose()
    }

    fn grouping(&self) -> Option<ParentGrouping> {
        let fields = Args(self.get("group_by")?.clone());
        Some(ParentGrouping::new(
            fields.text("parent_field"),
            fields.text("order_field"),
        ))
    }

    fn get_options(&self) -> moss::Result<GetOptions> {
        let mut options = GetOptions::new();
        options.ids = self.texts("doc_ids");
        options.filter = self.filter()?;
        options.sort_by = self
            .get("sort_by")
            .map(|field| field.as_str().unwrap().to_owned());
        options.ascending = self.get("ascending").is_none_or(|value| value.as_bool().unwrap());
        options.group_by = self.grouping();
        Ok(options)
    }

    fn query_options(&self) -> moss::Result<QueryOptions> {
        let mut options = QueryOptions::new();
        if let Some(top_k) = self.get("top_k") {
            options.top_k = check_top_k(top_k.as_i64().unwrap())?;
        }
        if let Some(alpha) = self.get("alpha") {
            options.alpha = float(alpha);
        }
        options.filter = self.filter()?;
        options.embedding = self.vector();
        options.group_by = self.grouping();
        Ok(options)
    }
}
