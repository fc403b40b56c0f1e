//! Grants: values that the cloud signed and hands to clients, who bring them back to any replica over the same store.
//!
//! Text of a grant: base64url without padding of `HMAC-SHA256(HMAC-SHA256(secret, purpose), body) | body`, where body is
//! `{"value": .., "issued": ms, "expires": ms}`. Signed, not encrypted.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use moss_core::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Length of a signature.
const MAC_BYTES: usize = 32;
/// How far the clock of the replica that signed may be ahead of the one that reads.
const CLOCK_SKEW_MS: u64 = 60_000;

#[derive(Serialize, Deserialize)]
struct Body<T> {
    value: T,
    /// Milliseconds since 1970, by the clock of the replica that signed.
    issued: u64,
    expires: u64,
}

/// Signs and checks with the secret of one store.
pub(crate) struct Signer {
    secret: [u8; 32],
}

impl Signer {
    pub(crate) fn new(secret: [u8; 32]) -> Signer {
        Signer { secret }
    }

    /// A grant of `value`, good for `ttl` from now on.
    ///
    /// # Errors
    /// `Internal` for a value that cannot be written as JSON.
    pub(crate) fn sign<T: Serialize>(
        &self,
        purpose: &str,
        value: &T,
        now_ms: u64,
        ttl: Duration,
    ) -> Result<String> {
        let body = Body {
            value,
            issued: now_ms,
            expires: now_ms.saturating_add(ttl.as_millis().try_into().unwrap_or(u64::MAX)),
        };
        let body = serde_json::to_vec(&body)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("signing a {purpose}: {error}")))?;
        let mut grant = self.mac(purpose, &body).finalize().into_bytes().to_vec();
        grant.extend(body);
        Ok(URL_SAFE_NO_PAD.encode(grant))
    }

    /// The value of a grant for this purpose. Nothing of it is read before its signature was found right.
    ///
    /// # Errors
    /// `Unauthorized` if it is not of this store and purpose, expired, or issued by a clock that is over a minute ahead.
    pub(crate) fn verify<T: DeserializeOwned>(&self, purpose: &str, grant: &str, now_ms: u64) -> Result<T> {
        let refused = |why: &str| Error::new(ErrorKind::Unauthorized, format!("the {purpose} {why}"));
        let grant = URL_SAFE_NO_PAD.decode(grant).ok();
        let parts = grant
            .as_deref()
            .and_then(|grant| grant.split_at_checked(MAC_BYTES));
        let Some((mac, body)) = parts else {
            return Err(refused("is not valid"));
        };
        self.mac(purpose, body)
            .verify_slice(mac)
            .map_err(|_| refused("is not valid"))?;
        let body: Body<T> =
            serde_json::from_slice(body).map_err(|_| refused("is of another version of Moss"))?;
        if now_ms >= body.expires {
            return Err(refused("has expired"));
        }
        if body.issued > now_ms.saturating_add(CLOCK_SKEW_MS) {
            return Err(refused(
                "is not yet valid, check the clocks of the service's machines",
            ));
        }
        Ok(body.value)
    }

    /// The signature of `body` under a key made for this purpose alone, so that no grant serves another.
    fn mac(&self, purpose: &str, body: &[u8]) -> Hmac<Sha256> {
        let key = hmac(&self.secret, purpose.as_bytes()).finalize().into_bytes();
        hmac(&key, body)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const NOW: u64 = 1_800_000_000_000;

    fn signer() -> Signer {
        Signer::new([7; 32])
    }

    fn token() -> String {
        let ttl = Duration::from_millis(HOUR_MS);
        signer().sign("token", &"p1", NOW, ttl).unwrap()
    }

    fn refusal(signer: &Signer, purpose: &str, grant: &str, now_ms: u64) -> String {
        let error = signer.verify::<String>(purpose, grant, now_ms).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        error.to_string()
    }

    #[test]
    fn a_grant_serves_its_purpose_in_its_time_within_a_minute_of_skew() {
        for now in [NOW - 60_000, NOW, NOW + HOUR_MS - 1] {
            assert_eq!(signer().verify::<String>("token", &token(), now).unwrap(), "p1");
        }
    }

    #[test]
    fn an_hour_of_skew_either_way_is_told_as_a_matter_of_time() {
        assert_eq!(
            refusal(&signer(), "token", &token(), NOW + HOUR_MS),
            "the token has expired"
        );
        let early = refusal(&signer(), "token", &token(), NOW - HOUR_MS);
        assert!(early.contains("not yet valid"), "{early}");
    }

    #[test]
    fn other_secrets_and_purposes_are_refused() {
        let not_valid = "the token is not valid";
        assert_eq!(refusal(&Signer::new([8; 32]), "token", &token(), NOW), not_valid);
        assert_eq!(
            refusal(&signer(), "upload URL", &token(), NOW),
            "the upload URL is not valid"
        );
    }

    #[test]
    fn a_grant_changed_anywhere_or_cut_anywhere_is_refused() {
        let token = token();
        for at in 0..token.len() {
            let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            refusal(&signer(), "token", &changed, NOW);
            refusal(&signer(), "token", &token[..at], NOW);
        }
        refusal(&signer(), "token", &format!("{token}="), NOW);
        refusal(&signer(), "token", &format!("{token}AAAA"), NOW);
    }
}
