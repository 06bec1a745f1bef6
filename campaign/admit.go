package campaign

import "context"

// Admission decides whether a node takes up a piece of work that came inside a stream. The action is the name of the
// message's field, such as record_outcome. Without an error the caller calls done when the work is. Errors:
// KindExhausted with OVERLOADED, and nothing may be begun.
type Admission func(ctx context.Context, action string) (done func(), err error)

type admissionKey struct{}

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
