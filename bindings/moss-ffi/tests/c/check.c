#define _XOPEN_SOURCE 700
#include "check.h"

#include <ftw.h>
#include <unistd.h>

char *join_path(const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    CHECK(path != NULL);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

char *make_folder(void) {
    const char *parent = getenv("TMPDIR");
    char *folder = join_path(parent ? parent : "/tmp", "moss-c-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void remove_folder(char *folder) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

char *base_url_of(const char *folder) {
    char *store = join_path(folder, "store");
    const char *service = getenv("MOSS_TEST_SERVICE");
    if (service == NULL) {
        return store;
    }
    char *url = malloc(strlen(service) + 2 * strlen(store) + sizeof "//v1/manage");
    CHECK(url != NULL);
    char *end = url + sprintf(url, "%s/", service);
    for (const char *byte = store; *byte != '\0'; byte++) {
        end += sprintf(end, "%02x", (unsigned char)*byte);
    }
    strcpy(end, "/v1/manage");
    free(store);
    return url;
}

MossClient *open_client(const char *folder) {
    char *base_url = base_url_of(folder);
    MossClient *client = NULL;
    GIVES(OK, moss_client_new_with_base_url("project", "key", base_url, &client));
    CHECK(client != NULL);
    free(base_url);
    return client;
}

MossSession *open_custom(MossClient *client, const char *name) {
    MossSessionOptions options = {.model_id = "custom"};
    MossSession *session = NULL;
    GIVES(OK, moss_client_session(client, name, &options, &session));
    CHECK(session != NULL);
    return session;
}

void add_point(MossSession *session, const char *id, const char *text, float x, float y) {
    float vector[] = {x, y};
    MossDocumentInfo doc = {.id = (char *)id, .text = (char *)text, .embedding = vector, .embedding_dim = 2};
    uintptr_t added = 0, updated = 0;
    GIVES(OK, moss_session_add_docs(session, &doc, 1, NULL, &added, &updated));
    CHECK(added + updated == 1);
}
