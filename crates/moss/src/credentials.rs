//! What opens a project: its key, or somebody who is asked for a token each time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use moss_core::{Error, ErrorKind, Result};

/// How long an authenticator may take over one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives the token that a call of the cloud carries, so that no project key lies in the application.
///
/// It is asked for every call and may be asked by several at once; keeping a token while it is valid is its own affair.
/// A service takes signed tokens of limited life. A store that this process opens itself has no service to sign any: its
/// token is the project key.
pub trait Authenticator: Send + Sync + 'static {
    /// The raw token, without `Bearer `.
    ///
    /// An error of any kind, and 30 seconds without an answer, make the call fail with `Unauthorized`.
    fn token(&self) -> BoxFuture<'_, Result<String>>;
}

/// What a client was made with.
#[derive(Clone)]
pub(crate) enum Credentials {
    Key(String),
    Authenticator(Arc<dyn Authenticator>),
}

impl Credentials {
    /// The secret for one call.
    pub(crate) async fn secret(&self) -> Result<String> {
        self.secret_within(PATIENCE).await
    }

    async fn secret_within(&self, patience: Duration) -> Result<String> {
        let authenticator = match self {
            Credentials::Key(key) => return Ok(key.clone()),
            Credentials::Authenticator(authenticator) => authenticator,
        };
        let refused = |why: String| Error::new(ErrorKind::Unauthorized, why);
        match tokio::time::timeout(patience, authenticator.token()).await {
            Ok(Ok(token)) if token.is_empty() => {
                Err(refused("the authenticator gave an empty token".to_owned()))
            }
            Ok(Ok(token)) => Ok(token),
            Ok(Err(error)) => Err(refused(format!("the authenticator gave no token: {error}"))),
            Err(_) => Err(refused(format!(
                "the authenticator gave no token in {} s",
                patience.as_secs_f32()
            ))),
        }
    }
}

impl fmt::Debug for Credentials {
    /// Which way, never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::Key(_) => "Key",
            Credentials::Authenticator(_) => "Authenticator",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Silent;

    impl Authenticator for Silent {
        fn token(&self) -> BoxFuture<'_, Result<String>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn an_authenticator_that_never_answers_is_not_waited_for_forever() {
        let silent = Credentials::Authenticator(Arc::new(Silent));
        let answer = crate::block_on(silent.secret_within(Duration::from_millis(1)));
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unauthorized);
    }

    #[test]
    fn a_key_is_never_printed() {
        assert!(!format!("{:?}", Credentials::Key("hush".to_owned())).contains("hush"));
    }
}
