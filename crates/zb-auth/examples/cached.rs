//! A token that something else keeps in a file, a cache before it, and a hundred who ask.
//!
//! `cargo run -p zb-auth --example cached` makes its own file. Give it the path of another one, such
//! as that of a Kubernetes service account, to read that.
#![allow(clippy::print_stdout, reason = "it is what an example is for")]

use std::{env, error::Error, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};
use zb_auth::{Callback, FileToken, Scope, TokenCache, TokenSource as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let own = env::temp_dir().join(format!("zb-auth-example-{}", std::process::id()));
    let path = match env::args_os().nth(1) {
        Some(path) => path.into(),
        None => {
            std::fs::write(&own, "a-token-for-show")?;
            own.clone()
        }
    };

    // A file does not say how long its token lives. Here somebody knows: an hour.
    let file = Arc::new(FileToken::new(path));
    let source = Callback::new(move |scope: Scope| {
        let file = Arc::clone(&file);
        async move {
            println!("the file is read, for {scope:?}");
            let asked = Instant::now();
            let token = file.fetch(&scope).await?;
            Ok(token.expiring(asked, Duration::from_hours(1)))
        }
    });

    let tokens = Arc::new(TokenCache::new(source));
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let tokens = Arc::clone(&tokens);
        asking.spawn(async move { tokens.token(&Scope::Workspace).await });
    }
    let leases: Result<Vec<_>, _> = asking.join_all().await.into_iter().collect();
    println!(
        "{} have a token: {:?}",
        leases?.len(),
        tokens.token(&Scope::Workspace).await?
    );

    let _ = std::fs::remove_file(own);
    Ok(())
}
