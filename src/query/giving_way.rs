//! Queries that stand still while something else has the right of way.
//!
//! Behind each operator of a plan stands one that waits before it passes rows on, so that nothing
//! is worked on for longer than an operator takes from one batch to the next.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;

use super::in_order::{InOrderExec, Work, Worker};
use super::instead::Instead;
use crate::priority::RightOfWay;

/// Lets plans give way. This rule has to be the last one: others look at operators' inputs.
pub(super) fn give_way(
    right_of_way: &Arc<RightOfWay>,
) -> impl PhysicalOptimizerRule + Send + Sync + use<> {
    let right_of_way = Arc::clone(right_of_way);
    Instead {
        name: "GiveWay",
        of: move |node: &Arc<dyn ExecutionPlan>| {
            let work = Waiting(Arc::clone(&right_of_way));
            let waiting = InOrderExec::new(node, work, node.properties());
            Ok(Some(Arc::new(waiting) as Arc<dyn ExecutionPlan>))
        },
    }
}

/// The same rows, when nobody has the right of way.
#[derive(Debug)]
struct Waiting(Arc<RightOfWay>);

impl Work for Waiting {
    fn describe(&self) -> String {
        "give way".to_owned()
    }

    fn expressions(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        vec![]
    }

    fn paced(&self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let (schema, right_of_way) = (rows.schema(), Arc::clone(&self.0));
        let rows = rows.then(move |batch| {
            let right_of_way = Arc::clone(&right_of_way);
            async move {
                right_of_way.give_way().await;
                batch
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    fn start(&self, _: SchemaRef, _: MemoryReservation) -> Box<dyn Worker> {
        Box::new(PassOn)
    }
}

/// Passes rows on.
struct PassOn;

impl Worker for PassOn {
    fn add(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        Ok(Some(batch))
    }

    fn finish(&mut self) -> Result<Option<RecordBatch>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arrow::array::Int64Array;
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use tributary_ingest::clock::ManualClock;

    #[tokio::test]
    async fn a_query_stands_still_while_somebody_has_the_right_of_way() {
        let right_of_way = Arc::new(RightOfWay::new(Arc::new(ManualClock::at(0))));
        let state = SessionStateBuilder::new()
            .with_config(SessionConfig::new().with_target_partitions(2))
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(give_way(&right_of_way)));
        let context = SessionContext::new_with_state(state.build());
        let numbers: Arc<Int64Array> = Arc::new((0..1000).map(|n| Some(n % 10)).collect());
        let rows = RecordBatch::try_from_iter([("n", numbers as _)]).unwrap();
        let table = MemTable::try_new(rows.schema(), vec![vec![rows.clone()], vec![rows]]).unwrap();
        context.register_table("rows", Arc::new(table)).unwrap();
        let sql = "SELECT a.n, count(*) FROM rows a JOIN rows b USING (n) GROUP BY 1 ORDER BY 1";
        let frame = context.sql(sql).await.unwrap();

        let holder = right_of_way.take();
        let mut query = Box::pin(frame.collect());
        let waited = tokio::time::timeout(Duration::from_millis(200), &mut query).await;
        assert!(waited.is_err(), "it went on");
        drop(holder);
        let batches = query.await.unwrap();
        let counts: Vec<i64> = batches
            .iter()
            .flat_map(|batch| {
                let counts = batch.column(1).as_any().downcast_ref::<Int64Array>().unwrap();
                counts.values().to_vec()
            })
            .collect();
        assert_eq!(counts, [200 * 200; 10]);
    }
}
