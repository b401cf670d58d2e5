using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class CrashTests(RunningSystem system)
{
    [Theory]
    [InlineData("payment")]
    [InlineData("reservation")]
    [InlineData("users")]
    public async Task Payments_end_though_a_service_is_killed_in_their_midst(string app)
    {
        var sale = await system.OpenSaleAsync();
        var fans = system.NextFans(20);
        await sale.AdmitAsync(fans);
        var holds = await Task.WhenAll(fans.Select(async (f, i) => (await f.HoldAsync(sale, null, i + 1)).Body<ReservationResponse>()));
        var before = await system.CountAsync("payment", "SELECT count(*) FROM payments");
        var victim = system.PidOf(app)!.Value;

        var replies = Task.WhenAll(fans.Zip(holds).Select(p => PayUntilAnsweredAsync(p.First, p.Second)));
        await Eventually.UntilAsync(() => system.CountAsync("payment", "SELECT count(*) FROM payments"), now => now >= before + 5);
        await Processes.SignalAsync(victim, "KILL");

        var payments = (await replies).Select(r => r.Body<PaymentResponse>().PaymentId).ToList();
        var ends = await Task.WhenAll(fans.Zip(payments).Select(p => p.First.EndedAsync(p.Second)));

        // A neighbour that stays away longer than a step's retries makes a payment fail, and then it is undone.
        var completed = ends.Count(e => e.Status == PaymentStatus.Completed);
        if (app == "payment") completed.ShouldBe(20);
        (await sale.MapAsync(m => m.Sold == completed && m.Held == 0)).Free.ShouldBe(24 - completed);
        system.PidOf(app).ShouldNotBe(victim);
        var audit = await system.RushAsync("audit");
        audit.ExitCode.ShouldBe(0, audit.Output + audit.Errors);
    }

    /// <summary>The same request with the same key until something answers: that is what keys are for.</summary>
    private static Task<Reply> PayUntilAnsweredAsync(Client fan, ReservationResponse hold) =>
        Eventually.UntilAsync(() => fan.PayAsync(hold, $"pay-{hold.ReservationId}"), r => (int)r.Status < 500);
}
