using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>A second system: no lock component, and holds that last seconds.</summary>
public sealed class SystemWithoutLock() : RunningSystem(12_000, "users", "catalog", "queue", "reservation", "payment", "gateway",
    "--without", "lockstore", "--set", "Reservation__HoldSeconds=3");

public class WithoutLockTests(SystemWithoutLock system) : IClassFixture<SystemWithoutLock>
{
    [Fact]
    public Task Without_the_lock_a_seat_still_has_one_owner() => HotSeat.CheckAsync(system, 100);

    [Fact]
    public async Task A_seat_held_and_not_paid_is_free_when_its_time_is_up()
    {
        var (sale, fan, other) = (await system.OpenSaleAsync(), system.NextFan(), system.NextFan());
        await sale.AdmitAsync(fan, other);
        var held = (await fan.HoldAsync(sale, null, 6)).Body<ReservationResponse>();
        (await other.HoldAsync(sale, null, 6)).Code.ShouldBe("SEAT_TAKEN");

        var taken = await Eventually.UntilAsync(() => other.HoldAsync(sale, null, 6), r => r.Code is null);

        DateTimeOffset.UtcNow.ShouldBeGreaterThanOrEqualTo(held.ExpiresAt);
        taken.Body<ReservationResponse>().ReservationId.ShouldNotBe(held.ReservationId);
        (await fan.ReservationAsync(held.ReservationId)).Status.ShouldBe(ReservationStatus.Expired);
        (await fan.PayAsync(held)).Code.ShouldBe("RESERVATION_EXPIRED");
    }
}
