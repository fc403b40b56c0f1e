/* Handles that are not live: freed, freed twice, of the other kind, made up; and freeing in any order. */
#include "check.h"

int main(void) {
    char *folder = make_folder();
    MossClient *client = open_client(folder);
    MossSession *session = open_custom(client, "s");
    MossSession *second = open_custom(client, "s");
    float vector[] = {1, 0};
    MossQueryOptions options = {.top_k = 5, .alpha = 1, .embedding = vector, .embedding_dim = 2};
    MossSearchResult *found;
    uintptr_t count;

    /* The other kind. */
    GIVES(ErrClosed, moss_session_query((MossSession *)client, "", &options, &found));
    GIVES(ErrClosed, moss_client_query((MossClient *)session, "x", "", &options, &found));
    moss_session_free((MossSession *)client);
    moss_client_free((MossClient *)session);

    /* A client goes before its sessions, which work on, to the cloud as well. */
    moss_client_free(client);
    MossIndexInfo *infos;
    GIVES(ErrClosed, moss_client_list_indexes(client, &infos, &count));
    CHECK(strstr(moss_last_error(), "client") != NULL);
    moss_client_free(client);
    add_point(session, "a", "one", 1, 0);
    MossPushIndexResult *pushed;
    GIVES(OK, moss_session_push_index(session, &pushed));
    CHECK(pushed->doc_count == 1 && strcmp(pushed->version, "1") == 0);
    CHECK(pushed->conflicts == NULL && pushed->conflict_count == 0);
    moss_free_push_index_result(pushed);
    CHECK(strcmp(moss_session_name(session), "s") == 0);

    /* A freed session, and one that is not. */
    moss_session_free(session);
    GIVES(ErrClosed, moss_session_query(session, "", &options, &found));
    CHECK(found == NULL);
    CHECK(moss_session_name(session) == NULL);
    CHECK(moss_session_doc_count(session) == 0);
    moss_session_free(session);
    GIVES(OK, moss_session_query(second, "", &options, &found));
    CHECK(found->doc_count == 0);
    moss_free_search_result(found);

    /* A handle is not given out again, so an old one never means a new one. */
    moss_session_free(second);
    client = open_client(folder);
    for (int i = 0; i < 100; i++) {
        MossSession *next = open_custom(client, "s");
        CHECK(next != session && next != second);
        GIVES(ErrClosed, moss_session_query(session, "", &options, &found));
        moss_session_free(next);
    }

    /* What never was a handle is not followed. */
    int on_the_stack = 0;
    void *on_the_heap = malloc(64);
    void *made_up[] = {&on_the_stack, on_the_heap, (void *)1, (void *)UINTPTR_MAX, (void *)folder};
    for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
        GIVES(ErrClosed, moss_session_query(made_up[i], "", &options, &found));
        GIVES(ErrClosed, moss_client_unload_index(made_up[i], "x"));
        moss_session_free(made_up[i]);
        moss_client_free(made_up[i]);
    }
    free(on_the_heap);
    moss_client_free(client);
    remove_folder(folder);
    puts("handles: freed, foreign, in any order");
    return 0;
}
