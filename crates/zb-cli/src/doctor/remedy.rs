//! What to do about what was found.

use zb_core::{
    Error, ErrorKind, TableName,
    probe::{Address, ReachError, TlsError},
};

/// A name that does not resolve.
pub(super) fn name(address: &Address) -> String {
    format!(
        "see that {} is written as the workspace has it; within a private network, that its DNS \
         knows the name",
        address.host
    )
}

/// A connection that does not come about.
pub(super) fn connection(error: &ReachError, address: &Address) -> String {
    match error {
        ReachError::Refused { .. } if address.is_here() => {
            "start the endpoint (`zb serve`), or correct the port".to_owned()
        }
        ReachError::Refused { .. } => format!(
            "see that port {} is right; a firewall may refuse in the host's name",
            address.port
        ),
        _ => format!(
            "let connections out to {address}; a firewall, an IP access list or a missing private \
             link drops them"
        ),
    }
}

/// A certificate that is no good.
pub(super) fn tls(error: &TlsError) -> String {
    match error {
        TlsError::UnknownIssuer { .. } => {
            "if something on the way opens TLS, or the endpoint is your own (`zb serve --tls`), name \
             the certificate of its authority in SSL_CERT_FILE; otherwise do not go on"
        }
        TlsError::WrongName { .. } => {
            "connect by the name that the certificate is for; a proxy or a DNS entry may lead to \
             another host"
        }
        TlsError::WrongTime { .. } => "set the clock of this machine; if it is right, the certificate has ended",
        TlsError::NotTls { .. } => "write the address with http:// if it is on this machine, or correct the port",
        TlsError::NoRoots => "install the package ca-certificates, or name a file in SSL_CERT_FILE",
        TlsError::Silence { .. } => "see that the port is that of TLS; something on the way may hold the handshake back",
        _ => "see what is on the way: a proxy that opens TLS, or a peer that is too old",
    }
    .to_owned()
}

/// No token for the workspace.
pub(super) fn workspace_token(error: &Error) -> String {
    match error.kind() {
        ErrorKind::Authentication => {
            "see that the client id is the service principal's application id and the secret one of \
             its own; secrets are shown once and end: make another under Settings, Identity and \
             access, Service principals, Secrets"
        }
        ErrorKind::Permission => {
            "give the service principal the entitlement Workspace access, in this workspace"
        }
        ErrorKind::Config => "correct DATABRICKS_HOST: it is the address of the workspace itself",
        ErrorKind::Unavailable => "see the checks of the network above, and try again",
        _ => "see what the token endpoint says",
    }
    .to_owned()
}

/// No token for the table.
pub(super) fn table_token(error: &Error, table: &TableName, principal: &str) -> String {
    match error.kind() {
        ErrorKind::Authentication | ErrorKind::Config | ErrorKind::Unavailable => {
            workspace_token(error)
        }
        _ => format!(
            "{}; and see that the first label of the endpoint is the id of this workspace",
            grants(table, principal)
        ),
    }
}

/// All grants that writing needs, as SQL. Which of them is missing, the service does not always say.
pub(super) fn grants(table: &TableName, principal: &str) -> String {
    let [c, s, t] = [table.catalog(), table.schema(), table.table()].map(quoted);
    let to = quoted(principal);
    format!(
        "GRANT USE CATALOG ON CATALOG {c} TO {to}; GRANT USE SCHEMA ON SCHEMA {c}.{s} TO {to}; GRANT \
         SELECT, MODIFY ON TABLE {c}.{s}.{t} TO {to}; the last one on the table itself: neither ALL \
         PRIVILEGES nor what is inherited from the schema counts (error 4024), and the service \
         principal needs the entitlement Workspace access"
    )
}

/// A stream that was not opened.
pub(super) fn stream(error: &Error, table: &TableName, principal: &str) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "create the table first: the service makes none; `zb schema FILE` prints the statement"
                .to_owned()
        }
        ErrorKind::Permission => grants(table, principal),
        ErrorKind::Authentication => {
            "the token is good and the endpoint refuses it: its first label must be the id of the \
             workspace that the token is of, and its region that of the workspace"
                .to_owned()
        }
        ErrorKind::Schema => {
            "make the columns agree with the table; `zb doctor --table C.S.T FILE` names all that do \
             not"
            .to_owned()
        }
        ErrorKind::Refused => {
            "the table must be a managed Delta table (or a streaming table) in the region of the \
             endpoint, without catalog-managed commits (error 4024 names other kinds)"
                .to_owned()
        }
        ErrorKind::Unavailable => {
            "see the checks of the network above; an endpoint of another region answers like this \
             as well"
                .to_owned()
        }
        _ => "see what the service says".to_owned(),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_statements_that_can_be_run() {
        let table = "main.nyc.flights".parse().unwrap();
        let sql = grants(&table, "id");
        assert!(sql.contains("GRANT USE SCHEMA ON SCHEMA `main`.`nyc` TO `id`;"));
        assert!(sql.contains("GRANT SELECT, MODIFY ON TABLE `main`.`nyc`.`flights` TO `id`;"));
    }
}
