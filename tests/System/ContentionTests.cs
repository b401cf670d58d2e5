using System.Net;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class ContentionTests(RunningSystem system)
{
    [Fact]
    public Task Of_a_hundred_fans_at_one_seat_one_has_it_and_the_others_are_told() => HotSeat.CheckAsync(system, 100);

    [Fact]
    public async Task A_hold_repeated_under_one_key_is_one_reservation_of_one_seat()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        await sale.AdmitAsync(fan);
        var key = Guid.NewGuid().ToString();

        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => fan.HoldAsync(sale, key, 4)));

        replies.Select(r => r.Body<ReservationResponse>().ReservationId).Distinct().Count().ShouldBe(1);
        (await sale.MapAsync(m => m.Held > 0)).Held.ShouldBe(1);
        var reused = await fan.HoldAsync(sale, key, 5);
        reused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        reused.Code.ShouldBe("IDEMPOTENCY_KEY_REUSED");
        reused.Field.ShouldBe("Idempotency-Key");
        (await sale.MapAsync(m => m.Held > 0)).Held.ShouldBe(1);
    }

    [Fact]
    public async Task Fans_who_buy_again_and_again_side_by_side_never_lose_a_place_they_were_given()
    {
        var sale = await system.OpenSaleAsync();
        await Task.WhenAll(system.NextFans(10).Select((fan, i) => BuyAsync(fan, [2 * i + 1, 2 * i + 2])));
        (await sale.MapAsync(m => m.Sold == 20)).Held.ShouldBe(0);

        async Task BuyAsync(Client fan, int[] seats)
        {
            foreach (var seat in seats)
            {
                fan.QueueToken = (await fan.JoinAsync(sale.Concert)).Token;
                var held = (await fan.HoldAsync(sale, null, seat)).Body<ReservationResponse>();
                (await fan.PayAsync(held)).Body<PaymentResponse>().Status.ShouldBe(PaymentStatus.Completed);
            }
        }
    }

    [Fact]
    public async Task A_payment_repeated_under_one_key_takes_the_points_once()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        await sale.AdmitAsync(fan);
        var before = await fan.PointsAsync();
        var held = (await fan.HoldAsync(sale, null, 8)).Body<ReservationResponse>();
        var second = (await fan.HoldAsync(sale, null, 9)).Body<ReservationResponse>();
        var key = Guid.NewGuid().ToString();

        // Who comes after the payment has ended, and with it the visit, gets the same answer.
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => fan.PayAsync(held, key)));

        var payment = replies.Select(r => r.Body<PaymentResponse>().PaymentId).Distinct().ShouldHaveSingleItem();
        (await fan.EndedAsync(payment)).Status.ShouldBe(PaymentStatus.Completed);
        (await fan.PointsAsync()).Value.ShouldBe(before.Value - Sale.Price);

        await sale.RoomAsync(r => r.Active == 0);
        await fan.EnterAsync(sale.Concert);
        (await fan.PayAsync(held, key)).Body<PaymentResponse>().PaymentId.ShouldBe(payment);
        var reused = await fan.PayAsync(second, key);
        reused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        reused.Code.ShouldBe("IDEMPOTENCY_KEY_REUSED");
        (await fan.PayAsync(held, Guid.NewGuid().ToString())).Status.ShouldBe(HttpStatusCode.Conflict);
        (await fan.PointsAsync()).Value.ShouldBe(before.Value - Sale.Price);
    }
}

/// <summary>Everybody wants the same seat at the same moment.</summary>
public static class HotSeat
{
    public static async Task CheckAsync(RunningSystem system, int contenders)
    {
        var sale = await system.OpenSaleAsync();
        var fans = system.NextFans(contenders);
        await sale.AdmitAsync(fans);

        var replies = await Task.WhenAll(fans.Select(f => f.HoldAsync(sale, Guid.NewGuid().ToString(), 1)));

        replies.Count(r => r.Status == HttpStatusCode.OK).ShouldBe(1);
        replies.Count(r => r is { Status: HttpStatusCode.Conflict, Code: "SEAT_TAKEN", Field: "seatIds" }).ShouldBe(contenders - 1);
        (await sale.MapAsync(m => m.Held > 0)).Held.ShouldBe(1);
    }
}
