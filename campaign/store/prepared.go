package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"
)

// preparedMost bounds how many statements are kept prepared: those of calls are far fewer.
const preparedMost = 200

// prepared keeps statements of SQLite ready, for parsing them took a fifth of its time. A statement becomes known
// when it is first met and is prepared after that transaction: in it, its connection may be the only one.
type prepared struct {
	db    *sql.DB
	mu    sync.RWMutex
	ready map[string]*sql.Stmt
}

func (p *prepared) find(query string) *sql.Stmt {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.ready[query]
}

func (p *prepared) full() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.ready) >= preparedMost
}

// learn prepares statements. One that cannot be is simply not known: running it will say why.
func (p *prepared) learn(ctx context.Context, queries []string) {
	for _, q := range queries {
		if p.full() || p.find(q) != nil {
			continue
		}
		// Not under the lock: whoever has the connection that this waits for may want to find something.
		if st, err := p.db.PrepareContext(ctx, q); err == nil && !p.keep(q, st) {
			_ = st.Close() //nolint:sqlclosecheck // another was quicker, or there are enough
		}
	}
}

func (p *prepared) keep(query string, st *sql.Stmt) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready[query] != nil || len(p.ready) >= preparedMost {
		return false
	}
	p.ready[query] = st
	return true
}

// rememberedTx is a transaction that uses what is prepared and notes what is not.
type rememberedTx struct {
	*sql.Tx
	known  *prepared
	missed []string
}

func (r *rememberedTx) stmt(ctx context.Context, query string) *sql.Stmt {
	st := r.known.find(query)
	if st == nil {
		if !slices.Contains(r.missed, query) && len(r.missed) < preparedMost {
			r.missed = append(r.missed, query)
		}
		return nil
	}
	return r.StmtContext(ctx, st)
}

func (r *rememberedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := r.stmt(ctx, query); st != nil { //nolint:sqlclosecheck // the transaction closes it at its end
		return st.ExecContext(ctx, args...)
	}
	return r.Tx.ExecContext(ctx, query, args...)
}

func (r *rememberedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := r.stmt(ctx, query); st != nil { //nolint:sqlclosecheck // the transaction closes it at its end
		return st.QueryContext(ctx, args...)
	}
	return r.Tx.QueryContext(ctx, query, args...)
}

func (r *rememberedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := r.stmt(ctx, query); st != nil { //nolint:sqlclosecheck // the transaction closes it at its end
		return st.QueryRowContext(ctx, args...)
	}
	return r.Tx.QueryRowContext(ctx, query, args...)
}
