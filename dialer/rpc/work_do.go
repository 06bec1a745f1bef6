package rpc

import (
	"context"

	pb "redial/proto/dialer/v1"
)

// What a stream asks for is answered by the unary methods; the desk's agent and epoch go with it.

func (w *workStream) move(ctx context.Context, q any) (*pb.WorkResponse, error) {
	switch q := q.(type) {
	case *pb.WorkRequest_SignOut:
		if q.SignOut.Epoch == 0 {
			q.SignOut.Epoch = w.epoch
		}
		m, err := w.a.SignOut(ctx, q.SignOut)
		return &pb.WorkResponse{Event: &pb.WorkResponse_SignedOut{SignedOut: m}}, err
	case *pb.WorkRequest_SetState:
		if q.SetState.Epoch == 0 {
			q.SetState.Epoch = w.epoch
		}
		m, err := w.a.SetState(ctx, q.SetState)
		return &pb.WorkResponse{Event: &pb.WorkResponse_StateSet{StateSet: m}}, err
	case *pb.WorkRequest_Heartbeat:
		if q.Heartbeat.Epoch == 0 {
			q.Heartbeat.Epoch = w.epoch
		}
		m, err := w.a.Heartbeat(ctx, q.Heartbeat)
		return &pb.WorkResponse{Event: &pb.WorkResponse_Heartbeat{Heartbeat: m}}, err
	}
	return nil, nil
}

func (w *workStream) call(ctx context.Context, q any) (*pb.WorkResponse, error) {
	switch q := q.(type) {
	case *pb.WorkRequest_Decline:
		m, err := w.a.Decline(ctx, q.Decline)
		return &pb.WorkResponse{Event: &pb.WorkResponse_Declined{Declined: m}}, err
	case *pb.WorkRequest_StartCall:
		m, err := w.a.StartCall(ctx, q.StartCall)
		return &pb.WorkResponse{Event: &pb.WorkResponse_CallStarted{CallStarted: m}}, err
	case *pb.WorkRequest_EndCall:
		m, err := w.a.EndCall(ctx, q.EndCall)
		return &pb.WorkResponse{Event: &pb.WorkResponse_CallEnded{CallEnded: m}}, err
	case *pb.WorkRequest_RecordOutcome:
		m, err := w.a.RecordOutcome(ctx, q.RecordOutcome)
		return &pb.WorkResponse{Event: &pb.WorkResponse_OutcomeRecorded{OutcomeRecorded: m}}, err
	case *pb.WorkRequest_CorrectOutcome:
		m, err := w.a.CorrectOutcome(ctx, q.CorrectOutcome)
		return &pb.WorkResponse{Event: &pb.WorkResponse_OutcomeCorrected{OutcomeCorrected: m}}, err
	}
	return nil, nil
}

func (w *workStream) promise(ctx context.Context, q any) (*pb.WorkResponse, error) {
	switch q := q.(type) {
	case *pb.WorkRequest_BookAppointment:
		m, err := w.a.BookAppointment(ctx, q.BookAppointment)
		return &pb.WorkResponse{Event: &pb.WorkResponse_AppointmentBooked{AppointmentBooked: m}}, err
	case *pb.WorkRequest_RescheduleAppointment:
		m, err := w.a.RescheduleAppointment(ctx, q.RescheduleAppointment)
		return &pb.WorkResponse{Event: &pb.WorkResponse_AppointmentRescheduled{AppointmentRescheduled: m}}, err
	case *pb.WorkRequest_CancelAppointment:
		m, err := w.a.CancelAppointment(ctx, q.CancelAppointment)
		return &pb.WorkResponse{Event: &pb.WorkResponse_AppointmentCancelled{AppointmentCancelled: m}}, err
	case *pb.WorkRequest_ListCallbacks:
		m, err := w.a.ListCallbacks(ctx, q.ListCallbacks)
		return &pb.WorkResponse{Event: &pb.WorkResponse_Callbacks{Callbacks: m}}, err
	}
	return nil, nil
}
