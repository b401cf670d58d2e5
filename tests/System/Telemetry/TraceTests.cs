using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

[Collection(nameof(TracedSystem))]
public class TraceTests(TracedSystem system, ITestOutputHelper output)
{
    private static readonly string[] s_toTheSaga = ["gateway: POST /api/v1/payments", "payment: POST /payments"];

    [Fact]
    public async Task A_purchase_is_one_trace_through_all_services_the_saga_and_the_consumers_of_its_events()
    {
        var bought = await system.BuyAsync();
        bought.Payment.Status.ShouldBe(PaymentStatus.Completed);
        var trace = await Eventually.UntilAsync(() => Task.FromResult(new Trace(system.Receiver.Spans.Where(s => s.Trace == bought.Trace))),
            t => IsWhole(t) && !t.Orphans.Any());
        output.WriteLine(trace.ToString());

        trace.Spans.Select(s => s.Service).Distinct().ShouldBe(
            ["gateway", "queue", "catalog", "reservation", "payment", "users", "notification"], ignoreOrder: true, trace.ToString());
        trace.PathTo("catalog", "GET /layout").ShouldBe(["gateway: POST /api/v1/reservations/{showId}", "reservation: POST /holds", "catalog: GET /layout"]);
        Activities(trace).ShouldBe(["CheckReservation", "UsePoints", "ConfirmSeats", "CompletePayment"]);
        foreach (var activity in Activities(trace))
            trace.PathTo("payment", $"WorkflowActivity {activity}").ShouldBe([.. s_toTheSaga, $"payment: WorkflowActivity {activity}"], trace.ToString());
        trace.PathTo("reservation", "GET /check", under: Step("CheckReservation")).ShouldBe([.. s_toTheSaga, Step("CheckReservation"), "reservation: GET /check"]);
        trace.PathTo("users", "POST /points/use").ShouldBe([.. s_toTheSaga, Step("UsePoints"), "users: POST /points/use"]);
        trace.PathTo("notification", "POST /events/reservation.confirmed").ShouldBe(
            [.. s_toTheSaga, Step("ConfirmSeats"), "reservation: POST /confirm", "notification: POST /events/reservation.confirmed"]);
        trace.PathTo("notification", "POST /events/payment.completed").ShouldBe(
            [.. s_toTheSaga, Step("CompletePayment"), "notification: POST /events/payment.completed"]);
        trace.PathTo("queue", "POST /events/payment-completed").ShouldBe([.. s_toTheSaga, Step("CompletePayment"), "queue: POST /events/payment-completed"]);
    }

    [Fact]
    public async Task Probes_and_what_services_do_on_their_own_begin_no_traces()
    {
        await system.BuyAsync();
        var roots = system.Receiver.Spans.Where(s => s.Parent is null).ToList();
        roots.ShouldNotBeEmpty();
        roots.ShouldAllBe(s => s.Service == "gateway");
    }

    [Fact]
    public async Task Every_service_says_where_it_runs_and_its_log_is_exported_too()
    {
        var apps = new[] { "gateway", "queue", "catalog", "reservation", "payment", "users", "notification" };
        await Eventually.UntilAsync(() => Task.FromResult(string.Join(' ', apps.Except(system.Receiver.Resources.Keys))), missing => missing == "");
        foreach (var app in apps) system.Receiver.Resources[app].GetValueOrDefault("k8s.pod.name").ShouldBe("laptop-0");
        await Eventually.UntilAsync(() => Task.FromResult(system.Receiver.Logs.ToArray()),
            logs => logs.Any(l => l.Service == "users" && l.Text.StartsWith("Database users: applied", StringComparison.Ordinal)));
    }

    private static string Step(string activity) => $"payment: WorkflowActivity {activity}";

    private static IEnumerable<string> Activities(Trace trace) =>
        trace.Spans.Where(s => s.Scope == "Dapr.Workflow").OrderBy(s => s.Start).Select(s => s.Name["WorkflowActivity ".Length..]);

    private static bool IsWhole(Trace trace) => new[] { "queue: POST /events/payment-completed", "notification: POST /events/payment.completed",
        "notification: POST /events/reservation.confirmed", "notification: POST /events/reservation.held", "gateway: POST /api/v1/payments" }
        .All(last => trace.Spans.Any(s => s.ToString() == last));
}
