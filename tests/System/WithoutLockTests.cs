using System.Net;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>A second system: no lock component, no compatibility endpoints, and holds that last seconds.</summary>
public sealed class SystemWithoutLock() : RunningSystem(12_000, "users", "catalog", "queue", "reservation", "payment", "gateway",
    "--without", "lockstore", "--set", "Reservation__HoldSeconds=3", "--set", "Compat__Enabled=false");

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

    [Theory]
    [InlineData("POST", "/tokens/issue")]
    [InlineData("GET", "/tokens/status?tokenId=x")]
    [InlineData("GET", "/concerts/101/dates/available")]
    [InlineData("GET", "/concerts/101/seats/available?scheduleDate=2030-01-01")]
    [InlineData("POST", "/reservations/101/reserve-seats")]
    [InlineData("POST", "/reservations/1/payment")]
    [InlineData("GET", "/users/status?userId=1")]
    [InlineData("POST", "/api/v1/queues/token")]
    [InlineData("GET", "/api/v1/users/1/balance")]
    [InlineData("PATCH", "/api/v1/users/1/charge")]
    [InlineData("GET", "/api/v1/reservations/1")]
    [InlineData("GET", "/api/v1/reservations/undefined")]
    [InlineData("POST", "/api/v1/reservations")]
    [InlineData("DELETE", "/api/v1/reservations/1?userId=1")]
    [InlineData("POST", "/api/v1/payments/pay")]
    public async Task Where_the_predecessors_paths_are_off_there_is_nothing_at_them(string method, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), path);
        if (method is "POST" or "PATCH") request.Content = Client.JsonText("""{"userId":1}""");
        using var response = await system.Http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
