using System.Net;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class PurchaseTests(RunningSystem system)
{
    [Fact]
    public async Task A_fan_who_queues_holds_and_pays_has_tickets_and_makes_room_for_the_next()
    {
        var sale = await system.OpenSaleAsync();
        var fan = system.NextFan();
        var before = await fan.PointsAsync();
        await fan.EnterAsync(sale.Concert);
        (await sale.RoomAsync(r => r.Active == 1)).Waiting.ShouldBe(0);

        var held = (await fan.HoldAsync(sale, null, 3, 12)).Body<ReservationResponse>();
        held.Status.ShouldBe(ReservationStatus.Held);
        held.Seats.ShouldBe([sale.Seat(3), sale.Seat(12)]);
        held.Amount.ShouldBe(new Points(2 * Sale.Price));
        (await sale.MapAsync(m => m.Held == 2)).Free.ShouldBe(22);

        var payment = (await fan.PayAsync(held)).Body<PaymentResponse>();
        var ended = await fan.EndedAsync(payment.PaymentId);
        ended.Status.ShouldBe(PaymentStatus.Completed);
        ended.Steps!.Select(s => s.Step).ShouldBe(["CheckReservation", "UsePoints", "ConfirmSeats", "CompletePayment"]);

        var paid = await fan.ReservationAsync(held.ReservationId);
        paid.Status.ShouldBe(ReservationStatus.Confirmed);
        paid.PaymentId.ShouldBe(payment.PaymentId);
        (await fan.PointsAsync()).Value.ShouldBe(before.Value - 2 * Sale.Price);
        (await system.CountAsync("reservation", $"SELECT count(*) FROM tickets WHERE show_id = {sale.Show}")).ShouldBe(2);
        (await sale.MapAsync(m => m.Sold == 2)).Held.ShouldBe(0);
        await sale.RoomAsync(r => r.Active == 0);
    }

    [Fact]
    public async Task Who_joins_again_as_soon_as_they_have_paid_gets_a_new_place_that_lasts()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        for (var seat = 1; seat <= 10; seat++)
        {
            var joined = await fan.JoinAsync(sale.Concert);
            joined.Sequence.ShouldBe(seat);
            joined.Status.ShouldBe(QueueStatus.Entered);
            fan.QueueToken = joined.Token;
            var held = (await fan.HoldAsync(sale, null, seat)).Body<ReservationResponse>();
            (await fan.PayAsync(held)).Body<PaymentResponse>().Status.ShouldBe(PaymentStatus.Completed);
        }
        (await sale.RoomAsync(r => r.Active == 0)).PeakActive.ShouldBe(1);
    }

    [Fact]
    public async Task Somebody_else_can_neither_see_nor_cancel_nor_pay_a_reservation()
    {
        var (sale, fan, other) = (await system.OpenSaleAsync(), system.NextFan(), system.NextFan());
        await sale.AdmitAsync(fan, other);
        var held = (await fan.HoldAsync(sale, null, 1)).Body<ReservationResponse>();

        foreach (var refusal in new[] { await other.GetAsync($"/api/v1/reservations/{held.ReservationId}"),
            await other.DeleteAsync($"/api/v1/reservations/{held.ReservationId}"), await other.PayAsync(held) })
        {
            refusal.Status.ShouldBe(HttpStatusCode.Forbidden);
            refusal.Code.ShouldBe("NOT_YOUR_RESERVATION");
        }
        (await fan.ReservationAsync(held.ReservationId)).Status.ShouldBe(ReservationStatus.Held);
    }

    [Fact]
    public async Task A_cancelled_seat_is_free_for_the_next_fan_at_once()
    {
        var (sale, fan, other) = (await system.OpenSaleAsync(), system.NextFan(), system.NextFan());
        await sale.AdmitAsync(fan, other);
        var held = (await fan.HoldAsync(sale, null, 5)).Body<ReservationResponse>();
        (await other.HoldAsync(sale, null, 5)).Code.ShouldBe("SEAT_TAKEN");

        (await fan.DeleteAsync($"/api/v1/reservations/{held.ReservationId}")).Body<ReservationResponse>().Status.ShouldBe(ReservationStatus.Cancelled);

        (await other.HoldAsync(sale, null, 5)).Status.ShouldBe(HttpStatusCode.OK);
        (await fan.PayAsync(held)).Code.ShouldBe("RESERVATION_CANCELLED");
    }

    [Fact]
    public async Task A_paid_reservation_cannot_be_cancelled()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        await sale.AdmitAsync(fan);
        var held = (await fan.HoldAsync(sale, null, 7)).Body<ReservationResponse>();
        await fan.EndedAsync((await fan.PayAsync(held)).Body<PaymentResponse>().PaymentId);

        var refusal = await fan.DeleteAsync($"/api/v1/reservations/{held.ReservationId}");

        refusal.Status.ShouldBe(HttpStatusCode.Conflict);
        refusal.Code.ShouldBe("ALREADY_PAID");
        (await fan.ReservationAsync(held.ReservationId)).Status.ShouldBe(ReservationStatus.Confirmed);
    }

    [Fact]
    public async Task Too_few_points_fail_the_payment_and_free_the_seat()
    {
        var (sale, fan, other) = (await system.OpenSaleAsync(), system.NextFan(), system.NextFan());
        await sale.AdmitAsync(fan, other);
        var before = await fan.PointsAsync();
        var held = (await fan.HoldAsync(sale, null, Sale.FirstBoxSeat)).Body<ReservationResponse>();

        var ended = await fan.EndedAsync((await fan.PayAsync(held)).Body<PaymentResponse>().PaymentId);

        ended.Status.ShouldBe(PaymentStatus.Failed);
        ended.Reason.ShouldBe("INSUFFICIENT_POINTS");
        ended.Steps!.Select(s => s.Step).ShouldBe(["CheckReservation", "UsePoints", "RefundPoints", "ReleaseSeats", "FailPayment"]);
        (await fan.ReservationAsync(held.ReservationId)).Status.ShouldBe(ReservationStatus.Cancelled);
        (await other.HoldAsync(sale, null, Sale.FirstBoxSeat)).Status.ShouldBe(HttpStatusCode.OK);
        (await fan.PointsAsync()).ShouldBe(before);
        (await system.CountAsync("users", $"SELECT sum(amount) FROM ledger WHERE account_id = {fan.User}")).ShouldBe(before.Value);
        await sale.RoomAsync(r => r.Active == 1);
    }

    [Fact]
    public async Task The_best_available_seats_are_of_the_grade_and_side_by_side_as_wished()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        await sale.AdmitAsync(fan);
        Task<Reply> BestAsync(int quantity, string? grade, bool adjacent) =>
            fan.PostAsync($"/api/v1/reservations/{sale.Show}", new HoldRequest(null, quantity, grade, adjacent));

        var box = (await BestAsync(3, "VIP", true)).Body<ReservationResponse>();
        box.Amount.ShouldBe(new Points(3 * Sale.BeyondReach));
        box.Seats.Select(s => s.Block).Distinct().ShouldBe([2]);
        var numbers = box.Seats.Select(s => s.Number).ToList();
        (numbers.Max() - numbers.Min()).ShouldBe(2);

        (await BestAsync(2, "VIP", false)).Code.ShouldBe("NOT_ENOUGH_SEATS");
        (await BestAsync(1, "NO_SUCH_GRADE", false)).Code.ShouldBe("NOT_ENOUGH_SEATS");
        (await BestAsync(4, "R", true)).Body<ReservationResponse>().Seats.Select(s => s.Block).Distinct().Count().ShouldBe(1);
        (await BestAsync(4, null, true)).Body<ReservationResponse>().Seats.Count.ShouldBe(4);
    }
}
