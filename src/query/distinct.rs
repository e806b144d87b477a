//! Counting distinct texts without holding them.
//!
//! The library keeps the texts of each group in buffers of its own, 14 KB a group however few there
//! are. Here all groups share one table of digests of 128 bits: that any two of a billion texts
//! have the same one has a chance of less than 1 in 10^20. Digests are keyed anew in each process,
//! so that who sends texts can't know which have the same one.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, FixedSizeBinaryBuilder, Int64Array,
    ListBuilder, StringArrayType,
};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, exec_datafusion_err, exec_err};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, Aggregate, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, ExprSchemable as _,
    GroupsAccumulator, LogicalPlan, Signature, Volatility,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::scalar::ScalarValue;
use xxhash_rust::xxh3::xxh3_128_with_seed;

const NAME: &str = "count_distinct_texts";
const DIGEST_BYTES: i32 = 16;

type Digest = [u8; DIGEST_BYTES as usize];

static KEY: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(NAME));

/// Puts the count of this module in the place of each `count(DISTINCT …)` of texts that is left
/// when the library's rules have made grouping of those that are the only ones of a query.
#[derive(Debug)]
pub(super) struct CountTexts(Arc<AggregateUDF>);

impl CountTexts {
    pub(super) fn new() -> Self {
        let signature = Signature::any(1, Volatility::Immutable);
        Self(Arc::new(AggregateUDF::from(DistinctTexts { signature })))
    }

    /// Returns what counts instead of `expression`, if that counts distinct texts.
    fn instead_of(&self, expression: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
        let counts = match expression {
            Expr::Alias(alias) => alias.expr.as_ref(),
            other => other,
        };
        let Expr::AggregateFunction(counts) = counts else { return Ok(None) };
        let [text] = &counts.params.args[..] else { return Ok(None) };
        let is_count = counts.func.name() == "count"
            && counts.params.distinct
            && counts.params.order_by.is_empty();
        if !is_count || !is_text(&text.get_type(schema)?) {
            return Ok(None);
        }
        let mut counts = counts.clone();
        counts.func = Arc::clone(&self.0);
        counts.params.distinct = false;
        Ok(Some(Expr::AggregateFunction(counts)))
    }
}

impl OptimizerRule for CountTexts {
    fn name(&self) -> &str {
        NAME
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let names = NamePreserver::new(&plan);
        let LogicalPlan::Aggregate(aggregate) = plan else { return Ok(Transformed::no(plan)) };
        let mut is_changed = false;
        let mut expressions = vec![];
        for expression in &aggregate.aggr_expr {
            let instead = self.instead_of(expression, aggregate.input.schema())?;
            is_changed |= instead.is_some();
            expressions.push(match instead {
                Some(instead) => names.save(expression).restore(instead),
                None => expression.clone(),
            });
        }
        if !is_changed {
            return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
        }
        let Aggregate { input, group_expr, schema, .. } = aggregate;
        let aggregate = Aggregate::try_new_with_schema(input, group_expr, expressions, schema)?;
        Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
    }
}

/// The function: texts in, how many different ones there are out, nulls left aside.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DistinctTexts {
    signature: Signature,
}

impl AggregateUDFImpl for DistinctTexts {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "digests");
        Ok(vec![Arc::new(Field::new_list(name, digest_field(), false))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup::default()))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }
}

type SeenTexts = HashSet<Seen, BuildHasherDefault<Same>>;

/// A text that a group has.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    group: u32,
    digest: Digest,
}

impl Hash for Seen {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.digest;
        let spread = u64::from(self.group).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ spread);
    }
}

/// Hands on what is a hash already.
#[derive(Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The texts that were seen, and how many each group has.
#[derive(Debug, Default)]
struct Groups {
    seen: SeenTexts,
    counts: Vec<i64>,
}

impl Groups {
    fn add(&mut self, group: usize, digest: Digest) -> Result<()> {
        let number = u32::try_from(group).map_err(|_| exec_datafusion_err!("too many groups"))?;
        if self.seen.insert(Seen { group: number, digest }) {
            self.counts[group] += 1;
        }
        Ok(())
    }

    /// Lets go of the groups that are emitted; the others move up. Returns their counts and texts.
    fn take(&mut self, emit_to: EmitTo) -> (Vec<i64>, SeenTexts) {
        let counts = emit_to.take_needed(&mut self.counts);
        let mut taken = std::mem::take(&mut self.seen);
        if !self.counts.is_empty() {
            let n_taken = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            let kept = taken.extract_if(|seen| seen.group >= n_taken);
            self.seen = kept.map(|seen| Seen { group: seen.group - n_taken, ..seen }).collect();
        }
        (counts, taken)
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.counts.resize(total_num_groups, 0);
        each(values, opt_filter, |row, digest| self.add(group_indices[row], digest))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(self.take(emit_to).0)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (counts, seen) = self.take(emit_to);
        let mut seen: Vec<_> = seen.into_iter().collect();
        seen.sort_unstable_by_key(|seen| seen.group);
        let mut digests = seen.iter().map(|seen| &seen.digest);
        let mut lists = lists();
        for count in counts {
            for digest in digests.by_ref().take(usize::try_from(count).unwrap_or(0)) {
                lists.values().append_value(digest)?;
            }
            lists.append(true);
        }
        Ok(vec![Arc::new(lists.finish())])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.counts.resize(total_num_groups, 0);
        let lists = values[0].as_list::<i32>();
        let digests = lists.values().as_fixed_size_binary();
        for (row, group) in group_indices.iter().enumerate() {
            let ends = [lists.value_offsets()[row], lists.value_offsets()[row + 1]];
            let [start, end] = ends.map(|end| usize::try_from(end).unwrap_or(0));
            for at in start..end {
                let mut digest = Digest::default();
                digest.copy_from_slice(digests.value(at));
                self.add(*group, digest)?;
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let n_rows = values[0].len();
        let mut lists = lists();
        let mut n_done = 0;
        each(values, opt_filter, |row, digest| {
            (n_done..row).for_each(|_| lists.append(true));
            lists.values().append_value(digest)?;
            lists.append(true);
            n_done = row + 1;
            Ok(())
        })?;
        (n_done..n_rows).for_each(|_| lists.append(true));
        Ok(vec![Arc::new(lists.finish())])
    }

    fn size(&self) -> usize {
        // Of a table at most seven eighths are in use, and each place has a byte of its own.
        let places = self.seen.capacity() * 8 / 7;
        size_of::<Self>()
            + places * (size_of::<Seen>() + 1)
            + self.counts.capacity() * size_of::<i64>()
    }
}

/// The same where nothing is grouped.
#[derive(Debug, Default)]
struct OneGroup(Groups);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; values[0].len()];
        self.0.update_batch(values, &groups, None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(self.0.counts.first().copied().unwrap_or(0))))
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.counts.resize(1, 0);
        let lists = self.0.state(EmitTo::All)?;
        lists.iter().map(|list| Ok(ScalarValue::List(Arc::new(list.as_list().clone())))).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; states[0].len()];
        self.0.merge_batch(states, &groups, 1)
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Calls `each` with the rows that count and the digests of their texts.
fn each(
    values: &[ArrayRef],
    filter: Option<&BooleanArray>,
    each: impl FnMut(usize, Digest) -> Result<()>,
) -> Result<()> {
    match values[0].data_type() {
        DataType::Utf8 => each_of(values[0].as_string::<i32>(), filter, each),
        DataType::LargeUtf8 => each_of(values[0].as_string::<i64>(), filter, each),
        DataType::Utf8View => each_of(values[0].as_string_view(), filter, each),
        other => exec_err!("{NAME} counts texts, not {other}"),
    }
}

fn each_of<'a>(
    texts: impl StringArrayType<'a>,
    filter: Option<&BooleanArray>,
    mut each: impl FnMut(usize, Digest) -> Result<()>,
) -> Result<()> {
    for (row, text) in texts.iter().enumerate() {
        let counts = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        if let Some(text) = text.filter(|_| counts) {
            each(row, xxh3_128_with_seed(text.as_bytes(), *KEY).to_le_bytes())?;
        }
    }
    Ok(())
}

fn digest_field() -> Field {
    Field::new_list_field(DataType::FixedSizeBinary(DIGEST_BYTES), true)
}

fn lists() -> ListBuilder<FixedSizeBinaryBuilder> {
    ListBuilder::new(FixedSizeBinaryBuilder::new(DIGEST_BYTES)).with_field(digest_field())
}

#[cfg(test)]
mod tests;
