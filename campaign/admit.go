package campaign

import "context"

// Admission decides whether a node takes up a piece of work that came inside a stream. The action is the name of the
// message's field, such as record_outcome. Without an error the caller calls done when the work is. Errors:
// KindExhausted with OVERLOADED, and nothing may be begun.
type Admission func(ctx context.Context, action string) (done func(), err error)

type (
	admissionKey struct{}
	idleKey      struct{}
)

// WithAdmission puts it into the context of a stream.
func WithAdmission(ctx context.Context, a Admission) context.Context {
	return context.WithValue(ctx, admissionKey{}, a)
}

// Admit asks the admission of the context; where there is none, everything is taken up.
func Admit(ctx context.Context, action string) (done func(), err error) {
	if a, ok := ctx.Value(admissionKey{}).(Admission); ok {
		return a(ctx, action)
	}
	return func() {}, nil
}

// WithIdle puts into the context of a call what is to be told when it only waits from then on.
func WithIdle(ctx context.Context, idle func()) context.Context {
	return context.WithValue(ctx, idleKey{}, idle)
}

// Idle says that the call of the context has nothing to do any more but to wait for what may not come for long, such
// as a lead: it counts as no work from here on.
func Idle(ctx context.Context) {
	if idle, ok := ctx.Value(idleKey{}).(func()); ok {
		idle()
	}
}
