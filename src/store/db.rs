//! What statements run on: a transaction, or a connection outside one.

use super::StoreError;
use bytes::BytesMut;
use deadpool_postgres::StatementCache;
use futures_util::TryStreamExt;
use std::{future::Future, pin::pin};
use tokio_postgres::{
    Client, Row, RowStream, Statement,
    types::{ToSql, Type, WrongType},
};

/// The parameters of a statement.
pub type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Whether the server remembers statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Each is prepared once a connection, and found again by its text.
    Prepared,
    /// None has a name: behind a pooler in transaction mode the next one may run on another connection
    /// of the server, which does not know it.
    Unnamed,
}

/// The connection behind a [`Db`].
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub(super) client: &'a Client,
    pub(super) statements: &'a StatementCache,
    pub(super) naming: Naming,
}

/// Runs statements. Those that are awaited together go out together, in the order in which they were first
/// polled, and cost one wait.
pub trait Db: Sync {
    /// What they run on.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] when it is no longer there.
    fn line(&self) -> Result<Line<'_>, StoreError>;

    /// All rows.
    fn query(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send {
        async move {
            let rows = self.line()?.rows(sql, parameters).await?;
            Ok(rows.try_collect().await?)
        }
    }

    /// Reads each row as it arrives, while the server makes the next ones.
    fn query_each(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        mut read: impl FnMut(&Row) -> Result<(), StoreError> + Send,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            let mut rows = pin!(self.line()?.rows(sql, parameters).await?);
            while let Some(row) = rows.try_next().await? {
                read(&row)?;
            }
            Ok(())
        }
    }

    /// All rows of a statement that is planned for these very parameters.
    fn query_anew(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send {
        async move {
            let rows = self.line()?.rows_anew(sql, parameters).await?;
            Ok(rows.try_collect().await?)
        }
    }

    /// The only row, if there is one.
    fn query_opt(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send {
        async move { Ok(self.query(sql, parameters).await?.pop()) }
    }

    /// The first row of a statement that always has one.
    fn query_one(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> impl Future<Output = Result<Row, StoreError>> + Send {
        async move {
            let row = self.query_opt(sql, parameters).await?;
            row.ok_or(StoreError::Unreadable { what: "no row" })
        }
    }

    /// The number of rows that it touched.
    fn execute(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async move {
            let line = self.line()?;
            match line.named(sql, parameters).await? {
                Some(statement) => Ok(line.client.execute(&statement, parameters).await?),
                None => self.execute_anew(sql, parameters).await,
            }
        }
    }

    /// The number of rows that a statement touched that is planned for these very parameters.
    fn execute_anew(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        let typed = typed(parameters);
        async move { Ok(self.line()?.client.execute_typed(sql, &typed?).await?) }
    }
}

/// The types that parameters of this program have.
const TYPES: [Type; 19] = [
    Type::UUID,
    Type::TEXT,
    Type::INT8,
    Type::INT4,
    Type::INT2,
    Type::BOOL,
    Type::FLOAT8,
    Type::TIMESTAMPTZ,
    Type::BYTEA,
    Type::JSONB,
    Type::UUID_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::INT4_ARRAY,
    Type::BOOL_ARRAY,
    Type::FLOAT8_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::BYTEA_ARRAY,
    Type::JSONB_ARRAY,
];

impl Line<'_> {
    async fn rows(&self, sql: &str, parameters: Parameters<'_>) -> Result<RowStream, StoreError> {
        let Some(statement) = self.named(sql, parameters).await? else {
            return self.rows_anew(sql, parameters).await;
        };
        let values = parameters.iter().map(|value| *value as &dyn ToSql);
        Ok(self.client.query_raw(&statement, values).await?)
    }

    async fn rows_anew(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<RowStream, StoreError> {
        let values = typed(parameters)?.into_iter();
        let values = values.map(|(value, type_)| (value as &dyn ToSql, type_));
        Ok(self.client.query_typed_raw(sql, values).await?)
    }

    /// The prepared statement of this text and these types; none where statements have no names.
    async fn named(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Statement>, StoreError> {
        if self.naming == Naming::Unnamed {
            return Ok(None);
        }
        let types = parameters.iter().map(|value| type_of(*value));
        let types = types.collect::<Result<Vec<_>, _>>()?;
        let prepared = self.statements.prepare_typed(self.client, sql, &types);
        Ok(Some(prepared.await?))
    }
}

type Typed<'a> = Vec<(&'a (dyn ToSql + Sync), Type)>;

fn typed<'a>(parameters: Parameters<'a>) -> Result<Typed<'a>, StoreError> {
    let with_type = |value: &&'a (dyn ToSql + Sync)| Ok((*value, type_of(*value)?));
    parameters.iter().map(with_type).collect()
}

/// A value says which types it can be written as only when it is written.
fn type_of(value: &(dyn ToSql + Sync)) -> Result<Type, StoreError> {
    let accepts = |type_: &&Type| {
        let written = value.to_sql_checked(type_, &mut BytesMut::new());
        !written.is_err_and(|error| error.is::<WrongType>())
    };
    let what = "a parameter's type";
    let found = TYPES.iter().find(accepts).cloned();
    found.ok_or(StoreError::Unreadable { what })
}
