//! The session that plans and runs queries: its limits, settings, and rules of our own.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::TrackConsumersPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::cluster::Cluster;
use super::compact::COMPACT_ROWS;
use super::distinct::CountTexts;
use super::giving_way::give_way;
use super::joins::GROWING_JOINS;
use super::memory::SharedPool;
use super::numbering::NUMBER_ROWS;
use super::partitions::WHOLE_PARTITIONS;
use super::{Limits, QueryError};
use crate::priority::RightOfWay;

/// Memory that a sort keeps aside for merging what it spilled.
const MERGE_BYTES: usize = 1 << 20;
/// Rows and bytes, as far as one can know beforehand, up to which a join holds one side once and
/// not in parts. What filters and joins leave is guessed at a fifth each time, so it may be far
/// more, and only a side in parts can be sorted instead.
const SIDE_ROWS: usize = 8 << 10;
const SIDE_BYTES: usize = 256 << 10;
/// Largest consumers named when memory runs out.
const CONSUMERS_NAMED: usize = 3;

/// Where queries run.
pub(super) enum Runs {
    /// Here, where nothing else matters more.
    Alone,
    /// Here, beside those who may have the right of way.
    Beside(Arc<RightOfWay>),
    /// On a cluster.
    On(Cluster),
}

/// Starts a session.
pub(super) fn session(limits: Limits, runs: &Runs) -> Result<SessionContext, QueryError> {
    let consumers = CONSUMERS_NAMED.try_into().map_err(|_| QueryError::Failed(String::new()))?;
    let pool = SharedPool::new(limits.memory_bytes_max);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, consumers)))
        .with_max_temp_directory_size(limits.spill_bytes_max)
        .build_arc()?;
    let config = SessionConfig::new()
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        // A view of text counts as the whole page it points into, which fills a sort's share of
        // memory with bytes that are not its own.
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_usize("datafusion.execution.sort_spill_reservation_bytes", MERGE_BYTES)
        .set_usize("datafusion.optimizer.hash_join_single_partition_threshold_rows", SIDE_ROWS)
        .set_usize("datafusion.optimizer.hash_join_single_partition_threshold", SIDE_BYTES)
        .set_bool("datafusion.sql_parser.enable_ident_normalization", true);
    let config = match limits.partitions {
        Some(partitions) => config.with_target_partitions(partitions.get()),
        None => config,
    };
    let state = SessionStateBuilder::new().with_runtime_env(runtime).with_default_features();
    let state = match runs {
        Runs::Alone => with_own_operators(state, config),
        // What it adds has to come last.
        Runs::Beside(right_of_way) => with_own_operators(state, config)
            .with_physical_optimizer_rule(Arc::new(give_way(right_of_way))),
        Runs::On(cluster) => cluster.add_rules(state.with_config(cluster.configure(config))),
    };
    Ok(SessionContext::new_with_state(state.build()))
}

/// Lets queries use operators of our own, which no cluster has.
fn with_own_operators(state: SessionStateBuilder, config: SessionConfig) -> SessionStateBuilder {
    let state = state.with_config(config).with_optimizer_rule(Arc::new(CountTexts::new()));
    [NUMBER_ROWS, WHOLE_PARTITIONS, GROWING_JOINS, COMPACT_ROWS]
        .into_iter()
        .fold(state, |state, rule| state.with_physical_optimizer_rule(Arc::new(rule)))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn a_query_is_worked_on_in_as_many_parts_as_its_limits_say() {
        // More than any machine that runs this has cores, which is what holds without a limit.
        let n_parts = 1009;
        let limits = Limits {
            memory_bytes_max: 1 << 20,
            spill_bytes_max: 0,
            partitions: NonZeroUsize::new(n_parts),
        };
        let config = session(limits, &Runs::Alone).unwrap().copied_config();
        assert_eq!(config.target_partitions(), n_parts);
    }
}
