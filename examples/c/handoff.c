/* Hand a conversation from one process to another: `handoff a`, then `handoff b`, with the same MOSS_STORE (default:
 * ~/.moss/store), MOSS_PROJECT_ID and MOSS_PROJECT_KEY. The second embeds nothing again. */
#include <libmoss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(MossResult result, const char *what) {
    if (result != OK) {
        fprintf(stderr, "%s: %s (%d)\n", what, moss_last_error(), (int)result);
        exit(1);
    }
}

static void agent_a(MossSession *session) {
    MossDocumentInfo turns[] = {
        {.id = "turn-1", .text = "I ordered a blender two weeks ago and it still has not arrived."},
        {.id = "turn-2", .text = "It is 4417. At this point I would just like my money back."},
        {.id = "turn-3", .text = "I can refund 49.90 to your card, it takes three to five days."},
    };
    uintptr_t added = 0, updated = 0;
    check(moss_session_add_docs(session, turns, 3, NULL, &added, &updated), "add");
    MossPushIndexResult *pushed = NULL;
    check(moss_session_push_index(session, &pushed), "push");
    printf("A: pushed %zu documents as %s\n", (size_t)pushed->doc_count, pushed->index_name);
    moss_free_push_index_result(pushed);
}

static void agent_b(MossSession *session) {
    printf("B: resumed %zu documents of %s\n", (size_t)moss_session_doc_count(session), moss_session_name(session));
    MossSearchResult *found = NULL;
    check(moss_session_query(session, "does the customer want a refund?", NULL, &found), "query");
    for (uintptr_t i = 0; i < found->doc_count; i++) {
        printf("   %.3f %s %s\n", found->docs[i].score, found->docs[i].id, found->docs[i].text);
    }
    moss_free_search_result(found);
}

int main(int argc, char **argv) {
    if (argc != 2 || (strcmp(argv[1], "a") != 0 && strcmp(argv[1], "b") != 0)) {
        fprintf(stderr, "usage: %s a|b\n", argv[0]);
        return 2;
    }
    MossClient *client = NULL;
    check(moss_client_new(getenv("MOSS_PROJECT_ID"), getenv("MOSS_PROJECT_KEY"), &client), "client");
    MossSession *session = NULL;
    check(moss_client_session(client, "conv-c", NULL, &session), "session");
    moss_client_free(client); /* a session outlives its client */
    if (strcmp(argv[1], "a") == 0) {
        agent_a(session);
    } else {
        agent_b(session);
    }
    moss_session_free(session);
    return 0;
}
