using ConcertDapr.Contracts;
using ConcertDapr.Payment;
using ConcertDapr.ServiceDefaults;
using Dapr.Workflow;

return await ConcertService.RunAsync(Apps.Payment, args, PaymentJson.Default,
    (builder, settings) =>
    {
        builder.AddDatabase<PaymentStore>(settings, Apps.Payment);
        builder.Services.AddSingleton(PaymentPolicy.From(settings));
        builder.Services.AddSingleton<PaymentStore>();
        builder.Services.AddSingleton<Neighbours>();
        builder.Services.AddSingleton<Sagas>();
        builder.AddWarmUp(settings, Apps.Payment, new("GET", "/payment?paymentId=00000000-0000-0000-0000-000000000001"),
            new("POST", "/payments", """{"reservationId":"00000000-0000-0000-0000-000000000001","amount":1}"""));
        builder.Services.AddSingleton<IReadiness, WorkerReadiness>();
        builder.Services.AddHostedService<Reconciler>();
        builder.Services.AddDaprWorkflowBuilder(saga =>
        {
            saga.RegisterWorkflow<PaymentWorkflow>();
            saga.RegisterActivity<CheckReservation>();
            saga.RegisterActivity<UsePoints>();
            saga.RegisterActivity<ConfirmSeats>();
            saga.RegisterActivity<CompletePayment>();
            saga.RegisterActivity<RefundPoints>();
            saga.RegisterActivity<ReleaseSeats>();
            saga.RegisterActivity<FailPayment>();
            saga.RegisterActivity<MarkStuck>();
        }).WithJsonSerializer(ConcertJson.Options);
    },
    app =>
    {
        app.UseSidecarOnly();
        app.MapPayments();
    });
