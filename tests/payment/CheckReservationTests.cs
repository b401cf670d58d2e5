using ConcertDapr.Contracts;
using ConcertDapr.Payment;

namespace ConcertDapr.Tests;

public class CheckReservationTests
{
    private static readonly PaymentOrder s_order = Order.New();

    private static readonly ReservationCheck s_held =
        new(s_order.ReservationId, s_order.UserId, new(7_001), s_order.Amount, ReservationStatus.Held, DateTimeOffset.MaxValue);

    [Fact]
    public void A_held_reservation_of_this_fan_at_this_price_can_be_paid() => Judge(s_held).ShouldBe(StepResult.Done);

    [Fact]
    public void A_confirmed_one_may_be_this_saga_s_own_work_repeated() =>
        Judge(s_held with { Status = ReservationStatus.Confirmed }).ShouldBe(StepResult.Done);

    [Fact]
    public void One_that_does_not_exist_cannot() => Judge(null).Code.ShouldBe("RESERVATION_NOT_FOUND");

    [Fact]
    public void Nor_somebody_else_s() => Judge(s_held with { UserId = new(8) }).Code.ShouldBe("NOT_YOUR_RESERVATION");

    [Theory]
    [InlineData(99)]
    [InlineData(101)]
    public void Nor_at_another_price(long price) => Judge(s_held with { Amount = new(price) }).Code.ShouldBe("AMOUNT_MISMATCH");

    [Theory]
    [InlineData(ReservationStatus.Cancelled, "RESERVATION_CANCELLED")]
    [InlineData(ReservationStatus.Expired, "RESERVATION_EXPIRED")]
    public void Nor_one_that_is_over(ReservationStatus status, string code) => Judge(s_held with { Status = status }).Code.ShouldBe(code);

    private static StepResult Judge(ReservationCheck? check) => CheckReservation.Judge(check, s_order);
}

internal static class Order
{
    /// <summary>An order of fan 7 for 100 points, with ids of its own.</summary>
    public static PaymentOrder New() => new(new(Guid.NewGuid()), new(7), new(Guid.NewGuid()), new(7), new(100), 3);
}
