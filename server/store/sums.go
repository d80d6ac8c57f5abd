package store

import (
	"context"
	"database/sql"
	"fmt"

	"temoin.example/temoin/server/receipt"
)

// Sums are counted by the UTC day on which the server received the answer, in
// the form 2026-11-24. They are plain counts and stay when receipts are erased.

// ChoiceSum is how many answers of a kind were given on a day.
type ChoiceSum struct {
	Day, Rev, Lang string
	How            receipt.How
	Outcome        receipt.Outcome
	N              int64
}

// AnswerSum is how often a category was allowed or refused on a day. Necessary
// categories are not asked for and not counted.
type AnswerSum struct {
	Day, Rev, Lang, Category string
	Granted                  bool
	N                        int64
}

// AnewSum is how many visitors, on a day, answered what a change of the catalogue had
// made new: Rev is the revision that asked them, and Outcome says whether they allowed
// all of what was new, nothing or some of it. Who answers for the first time is not counted.
type AnewSum struct {
	Day, Rev string
	Outcome  receipt.Outcome
	N        int64
}

// UnansweredSum is how often the banner was shown on a day and left unanswered.
type UnansweredSum struct {
	Day, Rev string
	N        int64
}

// CountUnanswered adds n banners that were left unanswered on a day.
func (s *Store) CountUnanswered(ctx context.Context, day, rev string, n int64) error {
	err := s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO unanswered_sums (day, rev, n) VALUES ($1, $2, $3)
			ON CONFLICT (day, rev) DO UPDATE SET n = unanswered_sums.n + excluded.n`, day, rev, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("count unanswered: %w", err)
	}
	return nil
}

// Choices returns the sums of choices from the day since to the day until, both
// included, sorted; "" sets no bound.
func (s *Store) Choices(ctx context.Context, since, until string) ([]ChoiceSum, error) {
	return sums(ctx, s, `day, rev, lang, how, outcome, n`, `choice_sums`, since, until, func(rows *sql.Rows) (c ChoiceSum, err error) {
		err = rows.Scan(&c.Day, &c.Rev, &c.Lang, &c.How, &c.Outcome, &c.N)
		return c, err
	})
}

// Answers returns the sums of answers from the day since to the day until, both
// included, sorted; "" sets no bound.
func (s *Store) Answers(ctx context.Context, since, until string) ([]AnswerSum, error) {
	return sums(ctx, s, `day, rev, lang, category, answer, n`, `answer_sums`, since, until, func(rows *sql.Rows) (a AnswerSum, err error) {
		var answer string
		err = rows.Scan(&a.Day, &a.Rev, &a.Lang, &a.Category, &answer, &a.N)
		a.Granted = answer == granted
		return a, err
	})
}

// Anew returns the sums of what was asked anew from the day since to the day until,
// both included, sorted; "" sets no bound.
func (s *Store) Anew(ctx context.Context, since, until string) ([]AnewSum, error) {
	return sums(ctx, s, `day, rev, outcome, n`, `anew_sums`, since, until, func(rows *sql.Rows) (a AnewSum, err error) {
		err = rows.Scan(&a.Day, &a.Rev, &a.Outcome, &a.N)
		return a, err
	})
}

// Unanswered returns the sums of unanswered banners from the day since to the
// day until, both included, sorted; "" sets no bound.
func (s *Store) Unanswered(ctx context.Context, since, until string) ([]UnansweredSum, error) {
	return sums(ctx, s, `day, rev, n`, `unanswered_sums`, since, until, func(rows *sql.Rows) (u UnansweredSum, err error) {
		err = rows.Scan(&u.Day, &u.Rev, &u.N)
		return u, err
	})
}

func sums[T any](ctx context.Context, s *Store, columns, table, since, until string, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := s.db.read.QueryContext(ctx, `SELECT `+columns+` FROM `+table+`
		WHERE day >= $1 AND (day <= $2 OR $2 = '') ORDER BY `+columns, since, until)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	var list []T
	err = each(rows, func(rows *sql.Rows) error {
		sum, err := scan(rows)
		list = append(list, sum)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	return list, nil
}
