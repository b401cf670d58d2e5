using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class DerivedIdTests
{
    [Fact]
    public void The_same_request_has_the_same_id()
    {
        ReservationId.For(new(1), "key").ShouldBe(ReservationId.For(new(1), "key"));
        ReservationId.For(new(1), "key").ShouldNotBe(ReservationId.For(new(2), "key"));
        ReservationId.For(new(1), null).ShouldNotBe(ReservationId.For(new(1), null));
    }

    [Fact]
    public void Without_a_key_a_reservation_has_one_payment()
    {
        var reservation = ReservationId.For(new(1), "key");
        PaymentId.For(new(1), null, reservation).ShouldBe(PaymentId.For(new(1), null, reservation));
        PaymentId.For(new(1), "a", reservation).ShouldNotBe(PaymentId.For(new(1), "b", reservation));
    }

    [Fact]
    public void Derived_ids_are_version_5() => ReservationId.For(new(1), "key").Value.Version.ShouldBe(5);
}
