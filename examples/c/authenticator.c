/* An authenticator: the program holds no key and gives a token whenever the cloud wants one, here after fetching it on a
 * thread of its own. Needs MOSS_PROJECT_ID and MOSS_PROJECT_KEY, as session.c; for a store that the process opens itself the
 * key is the token, a service takes tokens that your back end has signed. */
#include <libmoss.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void check(MossResult result, const char *what) {
    if (result != OK) {
        fprintf(stderr, "%s: %s (%d)\n", what, moss_last_error(), (int)result);
        exit(1);
    }
}

/* Stands for a call of your back end. */
static void *fetch_token(void *request_id) {
    uint32_t id = (uint32_t)(uintptr_t)request_id;
    const char *token = getenv("MOSS_PROJECT_KEY");
    if (token != NULL) {
        check(moss_resolve_auth_request(id, token), "resolve");
    } else {
        check(moss_reject_auth_request(id, "nobody is signed in"), "reject");
    }
    return NULL;
}

/* Called on a thread of the library, which must not wait: so the work goes elsewhere. */
static void token_wanted(uint32_t request_id, void *user_data) {
    (void)user_data;
    pthread_t thread;
    if (pthread_create(&thread, NULL, fetch_token, (void *)(uintptr_t)request_id) == 0) {
        pthread_detach(thread);
    } else {
        moss_reject_auth_request(request_id, "no thread");
    }
}

int main(void) {
    MossClient *client = NULL;
    check(moss_client_new_with_authenticator(getenv("MOSS_PROJECT_ID"), token_wanted, NULL, NULL, &client), "client");
    MossSession *session = NULL;
    check(moss_client_session(client, "signed-c", NULL, &session), "session");
    printf("opened %s without a key\n", moss_session_name(session));
    moss_session_free(session);
    moss_client_free(client);
    return 0;
}
