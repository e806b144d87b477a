//! A table as wide as its terminal.
//!
//! Columns that are empty go first. Text gives way next: the widest columns are narrowed, their
//! cells are cut with `…`. What still has no room stands in further tables below, each with the
//! first column. Numbers stay whole.

use super::aligned::Column;

/// Columns of a terminal that text keeps, if it has so many.
const TEXT_WIDTH_MIN: usize = 24;

/// Narrows columns for lines of `line_max` with gaps of `gap`, and returns which columns stand in
/// each of the tables.
pub(super) fn fit(columns: &mut [Column], gap: usize, line_max: usize) -> Vec<Vec<usize>> {
    let width = |columns: &[Column], shown: &[usize]| {
        shown.iter().map(|&at| columns[at].width + gap).sum::<usize>().saturating_sub(gap)
    };
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    if width(columns, &shown) > line_max {
        shown.retain(|&at| at == 0 || columns[at].has_values);
    }
    let mut excess = width(columns, &shown).saturating_sub(line_max);
    while excess > 0 {
        let text = shown.iter().copied().filter(|&at| !columns[at].is_number);
        let Some(widest) = text.max_by_key(|&at| columns[at].width) else { break };
        let widest = &mut columns[widest];
        if widest.width <= TEXT_WIDTH_MIN {
            break;
        }
        widest.width -= 1;
        widest.is_narrow = true;
        excess -= 1;
    }
    let mut tables: Vec<Vec<usize>> = vec![];
    for at in shown {
        match tables.last_mut() {
            Some(table) if width(columns, table) + gap + columns[at].width <= line_max => {
                table.push(at);
            }
            // With nothing but the first column a table would say nothing.
            Some(table) if table.as_slice() == [0] => table.push(at),
            Some(_) => tables.push(vec![0, at]),
            None => tables.push(vec![at]),
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: bool = false;
    const NUMBER: bool = true;

    fn columns(widths: &[(usize, bool)]) -> Vec<Column> {
        let column = |&(width, is_number): &(usize, bool)| Column {
            title: String::new(),
            is_number,
            width,
            is_narrow: false,
            has_values: true,
            is_hidden: false,
        };
        widths.iter().map(column).collect()
    }

    fn widths(columns: &[Column]) -> Vec<usize> {
        columns.iter().map(|column| column.width).collect()
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let mut columns = columns(&[(20, TEXT), (8, NUMBER)]);
        columns[1].has_values = false;
        assert_eq!(fit(&mut columns, 2, 30), [[0, 1]]);
        assert_eq!(widths(&columns), [20, 8]);
    }

    #[test]
    fn empty_columns_go_before_text_is_cut() {
        let mut columns = columns(&[(20, TEXT), (8, NUMBER), (8, NUMBER)]);
        columns[1].has_values = false;
        assert_eq!(fit(&mut columns, 2, 30), [[0, 2]]);
        assert_eq!(widths(&columns), [20, 8, 8]);
    }

    #[test]
    fn the_widest_text_gives_way_and_numbers_never_do() {
        let mut columns = columns(&[(40, TEXT), (30, TEXT), (30, NUMBER)]);
        assert_eq!(fit(&mut columns, 2, 90), [[0, 1, 2]]);
        assert_eq!(widths(&columns), [28, 28, 30]);
        assert!(columns[0].is_narrow && !columns[2].is_narrow);
    }

    #[test]
    fn what_has_no_room_stands_below_with_the_first_column() {
        let mut wide = columns(&[(10, TEXT), (10, NUMBER), (10, NUMBER), (10, NUMBER)]);
        assert_eq!(fit(&mut wide, 2, 34), [vec![0, 1, 2], vec![0, 3]]);
        let mut wider = columns(&[(50, NUMBER), (9, NUMBER), (9, NUMBER)]);
        assert_eq!(fit(&mut wider, 2, 10), [[0, 1], [0, 2]]);
    }
}
