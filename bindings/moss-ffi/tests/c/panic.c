/* A panic in the core, made by the switch MOSS_TEST_PANIC, becomes ErrInternal; process, client and session live on. */
#define _XOPEN_SOURCE 700
#include "check.h"

int main(void) {
    char *folder = make_folder();
    CHECK(setenv("MOSS_TEST_PANIC", "1", 1) == 0);
    MossClient *client = open_client(folder);
    CHECK(unsetenv("MOSS_TEST_PANIC") == 0);
    MossSession *session = open_custom(client, "s");
    add_point(session, "a", "one", 1, 0);
    float vector[] = {1, 0};
    MossQueryOptions options = {.top_k = 5, .alpha = 1, .embedding = vector, .embedding_dim = 2};
    MossSearchResult *found = NULL;
    for (int i = 0; i < 3; i++) {
        GIVES(ErrInternal, moss_session_query(session, "", &options, &found));
        CHECK(found == NULL && strstr(moss_last_error(), "MOSS_TEST_PANIC") != NULL);
    }
    add_point(session, "b", "two", 0, 1);
    CHECK(moss_session_doc_count(session) == 2);
    MossPushIndexResult *pushed = NULL;
    GIVES(OK, moss_session_push_index(session, &pushed));
    moss_free_push_index_result(pushed);
    moss_session_free(session);
    moss_client_free(client);

    client = open_client(folder);
    session = open_custom(client, "s");
    GIVES(OK, moss_session_query(session, "", &options, &found));
    CHECK(found->doc_count == 2);
    moss_free_search_result(found);
    moss_session_free(session);
    moss_client_free(client);
    remove_folder(folder);
    puts("panic: contained, and everything works on");
    return 0;
}
