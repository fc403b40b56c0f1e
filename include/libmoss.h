/*
 * libmoss: real-time semantic search inside the application.
 *
 *     MossClient *client = NULL;
 *     MossSession *session = NULL;
 *     if (moss_client_new("my-project", "my-key", &client) != OK ||
 *         moss_client_session(client, "conv-123", NULL, &session) != OK) {
 *         fprintf(stderr, "%s\n", moss_last_error());
 *     }
 *
 * The contract of all functions, unless one says otherwise:
 *
 * Results   Every function that can fail returns a MossResult: OK, or a negative number for the kind of failure.
 *           moss_last_error() then has a message for people. What a function gives goes out through its last parameters; on
 *           failure they are NULL, 0 or false, and nothing was changed: there is no partial success. A panic inside the
 *           library is caught and becomes ErrInternal; the process and its handles live on.
 * Inputs    Texts are UTF-8 and end in NUL; others are refused (ErrInvalidArgument). Texts, arrays and structs that are
 *           passed in are copied before the function returns and stay the caller's. NULL is refused wherever it is not
 *           said to be fine. An array of length 0 may be NULL; an array that is too long to be one is refused unread.
 * Options   NULL means the defaults. A struct that is given is taken word for word: a field left out of an initialiser is
 *           0, NULL or false.
 * Outputs   Belong to the caller, who releases each with the function named at its call, once; releasing NULL is fine. An
 *           empty list is NULL with count 0. Borrowed, and never freed: moss_session_name(), moss_sdk_version(),
 *           moss_last_error(). A NUL inside a text, which other languages can store, reads as U+FFFD.
 * Handles   MossClient and MossSession are released in any order: a session outlives its client. Freeing waits for calls
 *           that are in flight on other threads. A handle that is NULL, was freed, or never was one is refused with
 *           ErrClosed, and freeing it again does nothing; other objects have no such protection.
 * Threads   Every function may be called from every thread. Reads of a session run in parallel, writes one after the other,
 *           and a query sees a whole batch or none of it. Every call blocks until it is done. Only an authenticator is
 *           called back. After fork() the child may go on if no other thread was inside a call.
 */

#ifndef LIBMOSS_H
#define LIBMOSS_H

/* Made by scripts/gen from bindings/moss-ffi/src: change it there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(MOSS_NO_SHORT_NAMES)
typedef int32_t MossResult;
#endif

/**
 * The version of the header, to compare with moss_sdk_version(): major number.
 */
#define MOSS_VERSION_MAJOR 0

/**
 * The version of the header: minor number.
 */
#define MOSS_VERSION_MINOR 1

/**
 * The version of the header: patch number.
 */
#define MOSS_VERSION_PATCH 0

/**
 * The same as `OK`.
 */
#define MOSS_OK 0

/**
 * The same as `ErrClosed`.
 */
#define MOSS_ERR_CLOSED -1

/**
 * The same as `ErrInvalidArgument`.
 */
#define MOSS_ERR_INVALID_ARGUMENT -2

/**
 * The same as `ErrAuth`.
 */
#define MOSS_ERR_AUTH -3

/**
 * The same as `ErrNetwork`.
 */
#define MOSS_ERR_NETWORK -4

/**
 * The same as `ErrNotFound`.
 */
#define MOSS_ERR_NOT_FOUND -5

/**
 * The same as `ErrModel`.
 */
#define MOSS_ERR_MODEL -6

/**
 * The same as `ErrInternal`.
 */
#define MOSS_ERR_INTERNAL -7

/**
 * The same as `ErrModelMismatch`.
 */
#define MOSS_ERR_MODEL_MISMATCH -8

/**
 * The same as `ErrConflict`.
 */
#define MOSS_ERR_CONFLICT -9

/**
 * The same as `ErrNotLoaded`.
 */
#define MOSS_ERR_NOT_LOADED -10

/**
 * The same as `ErrJob`.
 */
#define MOSS_ERR_JOB -11

/**
 * The same as `ErrCloud`.
 */
#define MOSS_ERR_CLOUD -12

/**
 * The same as `ErrCorrupt`.
 */
#define MOSS_ERR_CORRUPT -13

/**
 * The same as `ErrIo`.
 */
#define MOSS_ERR_IO -14

#if !defined(MOSS_NO_SHORT_NAMES)
/**
 * What a call says: 0, or what kind of failure it was. The message is in moss_last_error().
 *
 * New kinds may be added; treat a number that you do not know as a failure.
 *
 * Where the short names collide with those of another header, define MOSS_NO_SHORT_NAMES before this one is included and
 * use the long ones: MOSS_OK, MOSS_ERR_CLOSED and so on.
 */
enum MossResult
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It worked.
   */
  OK = 0,
  /**
   * The handle is NULL, freed already, or of another kind.
   */
  ErrClosed = -1,
  /**
   * An argument that no call can work with: NULL, not UTF-8, out of range, a bad filter, a vector of another length.
   */
  ErrInvalidArgument = -2,
  /**
   * The credentials or the token were refused.
   */
  ErrAuth = -3,
  /**
   * The service was not reached.
   */
  ErrNetwork = -4,
  /**
   * No such index or job.
   */
  ErrNotFound = -5,
  /**
   * The files of a model are absent, unreadable or not the expected ones.
   */
  ErrModel = -6,
  /**
   * A bug in Moss.
   */
  ErrInternal = -7,
  /**
   * The index is bound to another model.
   */
  ErrModelMismatch = -8,
  /**
   * The name is taken, or somebody else pushed in the meantime.
   */
  ErrConflict = -9,
  /**
   * The index is not loaded: call moss_client_load_index() first.
   */
  ErrNotLoaded = -10,
  /**
   * A job failed or did not end in time.
   */
  ErrJob = -11,
  /**
   * The service refused: too large, too many requests, or any other status.
   */
  ErrCloud = -12,
  /**
   * Stored bytes are damaged.
   */
  ErrCorrupt = -13,
  /**
   * The disk could not be read or written.
   */
  ErrIo = -14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum MossResult MossResult;
#else
typedef int32_t MossResult;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus
#endif

/**
 * A project's door to the cloud, its sessions and its loaded indexes.
 */
typedef struct MossClient MossClient;

/**
 * A read-write index in memory, with a name in the cloud.
 */
typedef struct MossSession MossSession;

/**
 * Asks for a token: answer `request_id` once, from any thread, by moss_resolve_auth_request() or
 * moss_reject_auth_request(). No answer within 30 seconds makes the call that needs the token fail with ErrAuth.
 *
 * Comes on a thread of the library, several at once if several calls need a token, and must not block.
 */
typedef void (*MossAuthNotifyFn)(uint32_t request_id, void *user_data);

/**
 * Options of moss_client_session(). NULL, and a struct of zeros: the stored or default model, loaded on opening.
 */
typedef struct MossSessionOptions {
  /**
   * The model, or NULL for that of the stored index, else the default one.
   */
  const char *model_id;
  /**
   * How vectors are held: 0 the default of the platform, 1 fp32, 2 int8.
   */
  uint8_t vector_quantization;
  /**
   * Not 0: opens an empty session at once, without the cloud; pushing it replaces the stored index.
   */
  uint8_t skip_auto_load_on_init;
} MossSessionOptions;

/**
 * One entry of a document's metadata.
 */
typedef struct MossMetadataEntry {
  /**
   * The key.
   */
  char *key;
  /**
   * The value.
   */
  char *value;
} MossMetadataEntry;

/**
 * A document: passed in by the caller, who keeps all of it, or given out by a get function.
 */
typedef struct MossDocumentInfo {
  /**
   * The key of the document, unique in an index.
   */
  char *id;
  /**
   * What is embedded and searched by keyword.
   */
  char *text;
  /**
   * What filters see. NULL: no metadata; not NULL with count 0: empty metadata.
   */
  struct MossMetadataEntry *metadata;
  /**
   * How many entries.
   */
  uintptr_t metadata_count;
  /**
   * The vector, or NULL. Needed with the model "custom", and given out only for it.
   */
  float *embedding;
  /**
   * Its length; 0 is no vector.
   */
  uintptr_t embedding_dim;
  /**
   * An opaque text that comes back with the document, or NULL; never searched.
   */
  char *payload;
} MossDocumentInfo;

/**
 * Options of moss_session_add_docs(). NULL: upsert.
 */
typedef struct MossAddDocsOptions {
  /**
   * Whether a document whose id exists replaces the stored one, or is passed over.
   */
  bool upsert;
} MossAddDocsOptions;

/**
 * Options of a query. NULL: top_k 5, alpha 0.8, no filter.
 *
 * A field left out of an initialiser is 0: no results, keywords only. Start from moss_query_options_default().
 */
typedef struct MossQueryOptions {
  /**
   * How many documents to return at most.
   */
  uintptr_t top_k;
  /**
   * Weight of the vectors against the keywords: 1 is vectors only, 0 is keywords only.
   */
  float alpha;
  /**
   * Only documents that match are ranked: a filter in JSON, or NULL.
   */
  const char *filter_json;
  /**
   * Used instead of embedding the text, or NULL. Needed with the model "custom".
   */
  const float *embedding;
  /**
   * Its length; 0 is no vector.
   */
  uintptr_t embedding_dim;
} MossQueryOptions;

/**
 * A document that a query found.
 */
typedef struct MossQueryResultDoc {
  /**
   * The key of the document.
   */
  char *id;
  /**
   * Its text.
   */
  char *text;
  /**
   * Its metadata, as in MossDocumentInfo.
   */
  struct MossMetadataEntry *metadata;
  /**
   * How many entries.
   */
  uintptr_t metadata_count;
  /**
   * How well it answers, 0 to 1.
   */
  float score;
  /**
   * Its payload, or NULL.
   */
  char *payload;
} MossQueryResultDoc;

/**
 * The answer to a query.
 */
typedef struct MossSearchResult {
  /**
   * Documents by descending score; NULL if there are none.
   */
  struct MossQueryResultDoc *docs;
  /**
   * How many.
   */
  uintptr_t doc_count;
  /**
   * The text as asked.
   */
  char *query;
  /**
   * The searched index or session, or NULL.
   */
  char *index_name;
  /**
   * Whole milliseconds, often 0.
   */
  uint64_t time_taken_ms;
} MossSearchResult;

/**
 * What a push did.
 */
typedef struct MossPushIndexResult {
  /**
   * The push as a job, which is finished.
   */
  char *job_id;
  /**
   * The session's name.
   */
  char *index_name;
  /**
   * Documents in the pushed version.
   */
  uintptr_t doc_count;
  /**
   * "completed".
   */
  char *status;
  /**
   * The pushed version.
   */
  char *version;
  /**
   * Ids that both this session and another writer changed, in byte order; this session's change won.
   */
  char **conflicts;
  /**
   * How many.
   */
  uintptr_t conflict_count;
} MossPushIndexResult;

/**
 * Options of moss_client_load_index() and moss_session_load_index(). NULL: no refresh.
 */
typedef struct MossLoadIndexOptions {
  /**
   * Whether to follow newer versions.
   */
  bool auto_refresh;
  /**
   * Seconds between two looks for a newer version; below 1 counts as 1.
   */
  uint64_t polling_interval_secs;
  /**
   * A directory where the download is kept and used when the cloud cannot be reached, or NULL.
   */
  const char *cache_path;
} MossLoadIndexOptions;

/**
 * A model that an index is bound to.
 */
typedef struct MossModelRef {
  /**
   * Its id.
   */
  char *id;
  /**
   * Its version, or NULL.
   */
  char *version;
} MossModelRef;

/**
 * A cloud index as its newest version says.
 */
typedef struct MossIndexInfo {
  /**
   * Stays the same over pushes.
   */
  char *id;
  /**
   * Its name.
   */
  char *name;
  /**
   * Its version, or NULL.
   */
  char *version;
  /**
   * "NotStarted", "Building", "Ready" or "Failed".
   */
  char *status;
  /**
   * How many documents it has.
   */
  uintptr_t doc_count;
  /**
   * ISO 8601 in UTC, or NULL.
   */
  char *created_at;
  /**
   * ISO 8601 in UTC, or NULL.
   */
  char *updated_at;
  /**
   * The model it is bound to.
   */
  struct MossModelRef model;
} MossIndexInfo;

/**
 * What a refresh did.
 */
typedef struct MossRefreshResult {
  /**
   * The index.
   */
  char *index_name;
  /**
   * When the copy held before was made.
   */
  char *previous_updated_at;
  /**
   * When the copy held now was made.
   */
  char *new_updated_at;
  /**
   * Whether a newer version was loaded.
   */
  bool was_updated;
} MossRefreshResult;

/**
 * How urgently memory is needed: 0 low, 1 critical.
 */
typedef uint8_t MossMemoryPressure;

/**
 * What a mutation of a cloud index did.
 */
typedef struct MossMutationResult {
  /**
   * The job, which is finished.
   */
  char *job_id;
  /**
   * The index.
   */
  char *index_name;
  /**
   * Documents or ids in the request.
   */
  uintptr_t doc_count;
} MossMutationResult;

/**
 * Options of moss_client_add_docs(). NULL: upsert.
 */
typedef struct MossMutationOptions {
  /**
   * Whether a document whose id exists replaces the stored one, or is passed over.
   */
  bool upsert;
} MossMutationOptions;

/**
 * A job.
 */
typedef struct MossJobStatusResponse {
  /**
   * Its id.
   */
  char *job_id;
  /**
   * "pending_upload", "uploading", "building", "completed" or "failed".
   */
  char *status;
  /**
   * 0 to 100, never falling.
   */
  double progress;
  /**
   * What is being done while the status is "building", or NULL.
   */
  char *current_phase;
  /**
   * Why it failed, or NULL.
   */
  char *error;
  /**
   * ISO 8601 in UTC, or NULL.
   */
  char *created_at;
  /**
   * ISO 8601 in UTC, or NULL.
   */
  char *updated_at;
  /**
   * ISO 8601 in UTC; NULL until it ended.
   */
  char *completed_at;
} MossJobStatusResponse;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, like "0.1.0". Static: never freed.
 */
const char *moss_sdk_version(void);

/**
 * Says where downloaded models are kept, in place of the user's cache directory. Call it before the first client is made.
 */
MossResult moss_set_model_cache_dir(const char *path);

/**
 * The message of the last call that failed on this thread; NULL before any failure.
 *
 * A call that works leaves it as it is. Owned by the library, valid until the next failure on this thread.
 */
const char *moss_last_error(void);

/**
 * Makes a client of the cloud that the environment names: MOSS_CLOUD_API_MANAGE_URL, else MOSS_STORE, else the store in
 * ~/.moss/store, which this process opens itself. Nothing is read or sent; the key is checked on first use.
 *
 * Release the client with moss_client_free().
 */
MossResult moss_client_new(const char *project_id, const char *project_key, struct MossClient **out);

/**
 * The same as moss_client_new(). `device_id` may be NULL and is not used: Moss sends no telemetry.
 */
MossResult moss_client_new_with_device_id(const char *project_id,
                                          const char *project_key,
                                          const char *device_id,
                                          struct MossClient **out);

/**
 * Makes a client of the cloud at `base_url`: the manage URL of a service, a directory, or the URL of a store. NULL is the
 * cloud that the environment names, as in moss_client_new().
 */
MossResult moss_client_new_with_base_url(const char *project_id,
                                         const char *project_key,
                                         const char *base_url,
                                         struct MossClient **out);

/**
 * Makes a client that asks `notify` for a token at every call of the cloud, instead of holding a key. `base_url` is that of
 * moss_client_new_with_base_url(), or NULL. For a store that this process opens itself the token is the project key.
 *
 * `user_data` is handed to `notify` as it is, and must live until moss_client_free() has returned.
 */
MossResult moss_client_new_with_authenticator(const char *project_id,
                                              MossAuthNotifyFn notify,
                                              void *user_data,
                                              const char *base_url,
                                              struct MossClient **out);

/**
 * The same as moss_client_new_with_authenticator(). `device_id` may be NULL and is not used: Moss sends no telemetry.
 */
MossResult moss_client_new_with_authenticator_and_device_id(const char *project_id,
                                                            MossAuthNotifyFn notify,
                                                            void *user_data,
                                                            const char *base_url,
                                                            const char *device_id,
                                                            struct MossClient **out);

/**
 * Releases a client; its sessions live on. Waits for calls that are in flight on other threads, and answers what its
 * authenticator has not: sessions of a client with an authenticator cannot reach the cloud afterwards.
 */
void moss_client_free(struct MossClient *client);

/**
 * Opens the session `name`: what is stored under it comes back with its vectors, and where nothing is stored the session is
 * empty. The credentials are checked and the model is loaded here.
 *
 * Fails with ErrModelMismatch if `opts` name another model than the stored one. Release the session with
 * moss_session_free().
 */
MossResult moss_client_session(const struct MossClient *client,
                               const char *name,
                               const struct MossSessionOptions *opts,
                               struct MossSession **out);

/**
 * Releases a session, after the calls that are in flight on other threads. What was not pushed is gone.
 */
void moss_session_free(struct MossSession *session);

/**
 * The session's name, owned by the session and valid until it is freed; NULL for a handle that is not live.
 */
const char *moss_session_name(const struct MossSession *session);

/**
 * How many documents the session holds; 0 for a handle that is not live.
 */
uintptr_t moss_session_doc_count(const struct MossSession *session);

/**
 * The id of the model in force, which a load can change in an empty session. Release it with moss_free_string().
 */
MossResult moss_session_model_id(const struct MossSession *session, char **out);

/**
 * Adds documents or replaces those whose id exists: all of them or, on failure, none. The next query sees them.
 *
 * `added` and `updated` count the new and the replaced ones.
 */
MossResult moss_session_add_docs(struct MossSession *session,
                                 const struct MossDocumentInfo *docs,
                                 uintptr_t doc_count,
                                 const struct MossAddDocsOptions *opts,
                                 uintptr_t *added,
                                 uintptr_t *updated);

/**
 * Removes documents; `deleted` says how many there were. Unknown ids are ignored.
 */
MossResult moss_session_delete_docs(struct MossSession *session,
                                    const char *const *ids,
                                    uintptr_t id_count,
                                    uintptr_t *deleted);

/**
 * Documents by id, in that order, unknown ids left out. `ids` NULL: all, by id; not NULL with count 0: none.
 *
 * Release them with moss_free_documents().
 */
MossResult moss_session_get_docs(const struct MossSession *session,
                                 const char *const *ids,
                                 uintptr_t id_count,
                                 struct MossDocumentInfo **out,
                                 uintptr_t *out_count);

/**
 * Documents by id, filter and order, with siblings folded into one.
 *
 * `ids` as in moss_session_get_docs(). `filter_json` NULL: no filter. `sort_by` NULL: in the order of `ids`, else by id; not
 * NULL: by that metadata key, numeric where both values are numbers. `parent_field` and `order_field`: documents of one value
 * of the first become one, joined in the order of the second; both NULL: no folding.
 */
MossResult moss_session_get_docs_ex(const struct MossSession *session,
                                    const char *const *ids,
                                    uintptr_t id_count,
                                    const char *filter_json,
                                    const char *sort_by,
                                    bool ascending,
                                    const char *parent_field,
                                    const char *order_field,
                                    struct MossDocumentInfo **out,
                                    uintptr_t *out_count);

/**
 * The documents that answer `query` best. `opts` NULL: top_k 5, alpha 0.8.
 *
 * Release the answer with moss_free_search_result().
 */
MossResult moss_session_query(const struct MossSession *session,
                              const char *query,
                              const struct MossQueryOptions *opts,
                              struct MossSearchResult **out);

/**
 * As moss_session_query(), with siblings folded into one result: documents of one value of the metadata key `parent_field`,
 * joined in the order of `order_field`. Both NULL: no folding.
 */
MossResult moss_session_query_grouped(const struct MossSession *session,
                                      const char *query,
                                      const struct MossQueryOptions *opts,
                                      const char *parent_field,
                                      const char *order_field,
                                      struct MossSearchResult **out);

/**
 * Stores the session under its name, with its vectors. Whoever opens the name after this sees it.
 *
 * If somebody else pushed in the meantime both contents are merged by id; the first push of a session that was opened without
 * loading replaces the stored one. Release the result with moss_free_push_index_result().
 */
MossResult moss_session_push_index(struct MossSession *session,
                                   struct MossPushIndexResult **out);

/**
 * As moss_session_push_index(), and says what happens if somebody else pushed in the meantime: `on_conflict` is "merge",
 * "replace", or "fail", which makes the call fail with ErrConflict. NULL is the default of moss_session_push_index().
 */
MossResult moss_session_push_index_ex(struct MossSession *session,
                                      const char *on_conflict,
                                      struct MossPushIndexResult **out);

/**
 * Replaces the session's content by that of the cloud index `name`; `count` says how many documents it has, 0 if there is no
 * such index. The session keeps its own name.
 */
MossResult moss_session_load_index(struct MossSession *session,
                                   const char *name,
                                   const struct MossLoadIndexOptions *opts,
                                   uintptr_t *count);

/**
 * Writes the session to the directory `path`/name, in place of what was saved there, whole or not at all.
 */
MossResult moss_session_save_to_disk(const struct MossSession *session, const char *path);

/**
 * Replaces the session's content by what moss_session_save_to_disk() wrote; `count` says how many documents it has, 0 if
 * nothing was saved.
 */
MossResult moss_session_load_from_disk(struct MossSession *session,
                                       const char *path,
                                       uintptr_t *count);

/**
 * Writes the vector that a query of `text` searches by into `buf`, which has room for `capacity` floats; `dim` says how many
 * there are.
 *
 * If there is too little room the call fails with ErrInvalidArgument, `buf` is as it was and `dim` says what is needed, so
 * that capacity 0 (and `buf` NULL) asks for the length.
 */
MossResult moss_session_embed_query(const struct MossSession *session,
                                    const char *text,
                                    float *buf,
                                    uintptr_t capacity,
                                    uintptr_t *dim);

/**
 * Loads the newest version of a cloud index into memory, with the model of its queries; loads it again if it is loaded.
 *
 * Release the result with moss_free_index_info().
 */
MossResult moss_client_load_index(struct MossClient *client,
                                  const char *name,
                                  const struct MossLoadIndexOptions *opts,
                                  struct MossIndexInfo **out);

/**
 * Frees a loaded index and stops its refreshing. One that is not loaded fails with ErrNotLoaded.
 */
MossResult moss_client_unload_index(struct MossClient *client, const char *name);

/**
 * The documents of a loaded index that answer `query` best. `opts` NULL: top_k 5, alpha 0.8. An index that is not loaded
 * fails with ErrNotLoaded.
 *
 * Release the answer with moss_free_search_result().
 */
MossResult moss_client_query(const struct MossClient *client,
                             const char *name,
                             const char *query,
                             const struct MossQueryOptions *opts,
                             struct MossSearchResult **out);

/**
 * Loads the newer version of a loaded index, if there is one.
 *
 * Release the result with moss_free_refresh_result().
 */
MossResult moss_client_refresh_index(struct MossClient *client, const char *name, struct MossRefreshResult **out);

/**
 * Gives memory back by unloading indexes: all of them at level 1, all but the one queried last at level 0. Sessions stay.
 * `unloaded` says how many it were.
 */
MossResult moss_client_release_memory(struct MossClient *client,
                                      MossMemoryPressure level,
                                      size_t *unloaded);

/**
 * Makes a cloud index of these documents and waits until it is built. `model_id` NULL: "custom" if a document has a vector,
 * else the default model. A name in use fails with ErrConflict.
 *
 * Release the result with moss_free_mutation_result().
 */
MossResult moss_client_create_index(const struct MossClient *client,
                                    const char *name,
                                    const struct MossDocumentInfo *docs,
                                    uintptr_t doc_count,
                                    const char *model_id,
                                    struct MossMutationResult **out);

/**
 * Adds documents to a cloud index, or replaces those whose id exists, and waits until that is done.
 *
 * Release the result with moss_free_mutation_result().
 */
MossResult moss_client_add_docs(const struct MossClient *client,
                                const char *name,
                                const struct MossDocumentInfo *docs,
                                uintptr_t doc_count,
                                const struct MossMutationOptions *opts,
                                struct MossMutationResult **out);

/**
 * Deletes documents from a cloud index and waits until that is done. Unknown ids are ignored; no ids at all is an error.
 *
 * Release the result with moss_free_mutation_result().
 */
MossResult moss_client_delete_docs(const struct MossClient *client,
                                   const char *name,
                                   const char *const *ids,
                                   uintptr_t id_count,
                                   struct MossMutationResult **out);

/**
 * Deletes a cloud index. `deleted` is true; an index that does not exist fails with ErrNotFound.
 */
MossResult moss_client_delete_index(const struct MossClient *client, const char *name, bool *deleted);

/**
 * What is known of a cloud index. Release it with moss_free_index_info().
 */
MossResult moss_client_get_index(const struct MossClient *client, const char *name, struct MossIndexInfo **out);

/**
 * All cloud indexes of the project, by name. Release them with moss_free_index_info_list().
 */
MossResult moss_client_list_indexes(const struct MossClient *client, struct MossIndexInfo **out, uintptr_t *out_count);

/**
 * Documents of a cloud index, without vectors: by id in that order, unknown ids left out. `ids` NULL: all, by id; not NULL
 * with count 0: none.
 *
 * Release them with moss_free_documents().
 */
MossResult moss_client_get_docs(const struct MossClient *client,
                                const char *name,
                                const char *const *ids,
                                uintptr_t id_count,
                                struct MossDocumentInfo **out,
                                uintptr_t *out_count);

/**
 * The job of that id, as results of mutations and pushes name it. Release it with moss_free_job_status_response().
 */
MossResult moss_client_get_job_status(const struct MossClient *client,
                                      const char *job_id,
                                      struct MossJobStatusResponse **out);

/**
 * As moss_client_create_index(), with the documents in JSON: [{"id", "text", "metadata", "embedding", "payload"}], of which
 * id and text are needed. Gives {"jobId", "indexName", "docCount"}; release it with moss_free_string().
 */
MossResult moss_client_create_index_from_json(const struct MossClient *client,
                                              const char *name,
                                              const char *docs_json,
                                              const char *model_id,
                                              char **out_json);

/**
 * As moss_client_add_docs(), with the documents in JSON as in moss_client_create_index_from_json(). Gives {"jobId",
 * "indexName", "docCount"}; release it with moss_free_string().
 */
MossResult moss_client_add_docs_from_json(const struct MossClient *client,
                                          const char *name,
                                          const char *docs_json,
                                          bool upsert,
                                          char **out_json);

/**
 * As moss_client_get_docs(), in JSON: `ids_json` is a list of ids, or NULL for all. Gives a list of documents; release it with
 * moss_free_string().
 */
MossResult moss_client_get_docs_json(const struct MossClient *client,
                                     const char *name,
                                     const char *ids_json,
                                     char **out_json);

/**
 * Answers an authenticator's request with a raw token, without "Bearer ".
 *
 * Fails with ErrInvalidArgument if nobody waits for it: it was answered before, or took longer than 30 seconds.
 */
MossResult moss_resolve_auth_request(uint32_t request_id, const char *token);

/**
 * Answers an authenticator's request with a refusal: the call that needs the token fails with ErrAuth and this message.
 *
 * Fails with ErrInvalidArgument if nobody waits for it, as moss_resolve_auth_request().
 */
MossResult moss_reject_auth_request(uint32_t request_id, const char *message);

/**
 * The options of a query that are in force where NULL is passed: top_k 5, alpha 0.8, no filter, no vector.
 */
struct MossQueryOptions moss_query_options_default(void);

/**
 * Releases the result of a mutation.
 */
void moss_free_mutation_result(struct MossMutationResult *result);

/**
 * Releases the result of a push.
 */
void moss_free_push_index_result(struct MossPushIndexResult *result);

/**
 * Releases the result of a refresh.
 */
void moss_free_refresh_result(struct MossRefreshResult *result);

/**
 * Releases a job.
 */
void moss_free_job_status_response(struct MossJobStatusResponse *response);

/**
 * Releases the answer to a query, with its documents.
 */
void moss_free_search_result(struct MossSearchResult *result);

/**
 * Releases one index info, not one of a list.
 */
void moss_free_index_info(struct MossIndexInfo *info);

/**
 * Releases a list of index infos; `count` is the number that came with it.
 */
void moss_free_index_info_list(struct MossIndexInfo *infos, uintptr_t count);

/**
 * Releases a list of documents; `count` is the number that came with it.
 */
void moss_free_documents(struct MossDocumentInfo *docs, uintptr_t count);

/**
 * Releases a text that a function gave through a `char **`.
 */
void moss_free_string(char *text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIBMOSS_H */
