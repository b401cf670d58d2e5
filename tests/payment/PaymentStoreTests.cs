using ConcertDapr.Contracts;
using ConcertDapr.Payment;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Tests;

public sealed class PaymentStoreTests(PostgresServer postgres) : IAsyncLifetime
{
    private readonly PaymentOrder _order = Order.New();
    private Database _database = null!;
    private PaymentStore _payments = null!;

    public async ValueTask InitializeAsync() => _payments = new(_database = await postgres.CreateAsync<PaymentStore>());

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Of_requests_that_arrive_together_one_adds_the_payment()
    {
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _payments.AddAsync(_order)));

        verdicts.Count(v => v == AddVerdict.Added).ShouldBe(1);
        verdicts.Count(v => v == AddVerdict.Exists).ShouldBe(19);
        (await _payments.FindAsync(_order.PaymentId)).ShouldBe(new PaymentRow(_order, PaymentStatus.Pending, null));
    }

    [Fact]
    public async Task A_reservation_has_one_payment_under_way_or_done()
    {
        var other = _order with { PaymentId = new(Guid.NewGuid()) };
        await _payments.AddAsync(_order);

        (await _payments.AddAsync(other)).ShouldBe(AddVerdict.AnotherPayment);
        await _payments.EndAsync(_order.PaymentId, PaymentStatus.Completed, null, "CompletePayment");
        (await _payments.AddAsync(other)).ShouldBe(AddVerdict.AnotherPayment);
    }

    [Fact]
    public async Task A_failed_payment_leaves_room_for_another()
    {
        await _payments.AddAsync(_order);
        await _payments.EndAsync(_order.PaymentId, PaymentStatus.Failed, "INSUFFICIENT_POINTS", "FailPayment");

        (await _payments.AddAsync(_order with { PaymentId = new(Guid.NewGuid()) })).ShouldBe(AddVerdict.Added);
    }

    [Fact]
    public async Task A_payment_that_has_ended_does_not_begin_again()
    {
        await _payments.AddAsync(_order);
        await _payments.EndAsync(_order.PaymentId, PaymentStatus.Failed, "SEATS_LOST", "FailPayment");

        await _payments.BeginAsync(_order.PaymentId, "CheckReservation", StepResult.Done);

        (await _payments.FindAsync(_order.PaymentId)).ShouldBe(new PaymentRow(_order, PaymentStatus.Failed, "SEATS_LOST"));
    }

    [Fact]
    public async Task A_repeated_step_keeps_its_place_in_the_timeline_and_shows_its_latest_outcome()
    {
        await _payments.AddAsync(_order);
        await _payments.BeginAsync(_order.PaymentId, "CheckReservation", StepResult.Done);
        (await _payments.FindAsync(_order.PaymentId))!.Status.ShouldBe(PaymentStatus.Processing);
        await _payments.RecordAsync(_order.PaymentId, "UsePoints", StepResult.Done);
        var handedOn = await _payments.RecordAsync(_order.PaymentId, "CheckReservation", new("RESERVATION_CANCELLED"));

        handedOn.Code.ShouldBe("RESERVATION_CANCELLED");
        var steps = await _payments.StepsAsync(_order.PaymentId);
        steps.Select(s => s.Step).ShouldBe(["CheckReservation", "UsePoints"]);
        steps[0].Outcome.ShouldBe("RESERVATION_CANCELLED");
        (DateTimeOffset.UtcNow - steps[0].At).ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Only_unfinished_payments_are_looked_after_the_longest_untouched_first()
    {
        var (first, second, done) = (Order.New(), Order.New(), Order.New());
        foreach (var order in new[] { first, second, done }) await _payments.AddAsync(order);
        await _payments.EndAsync(done.PaymentId, PaymentStatus.Completed, null, "CompletePayment");
        await _payments.EndAsync(first.PaymentId, PaymentStatus.CompensationStuck, "SEATS_LOST", "MarkStuck");

        (await _payments.UnfinishedAsync(TimeSpan.FromHours(1))).ShouldBeEmpty();
        (await _payments.UnfinishedAsync(TimeSpan.Zero)).Select(p => p.Order).ShouldBe([second, first]);
        await _payments.TouchAsync(second.PaymentId);
        (await _payments.UnfinishedAsync(TimeSpan.Zero)).Select(p => p.Order).ShouldBe([first, second]);
    }
}
