using ConcertDapr.Contracts;
using ConcertDapr.Reservation;

namespace ConcertDapr.Tests;

public class SeatChoiceTests
{
    private static readonly ShowPlan s_plan = new(new ShowLayout(new(7001), default, default,
        [new("Floor", "R", new(100), 0, 1, 6), new("Circle", "S", new(60), 1, 2, 6)]));

    [Fact]
    public void Adjacent_seats_come_from_one_row() =>
        SeatMaps.Choose(s_plan, ["FHFFHF", "FFHFFF", "FFFFFF"], 3, null, adjacent: true)
            .ShouldBe([SeatId.Of(new(7001), 1, 4), SeatId.Of(new(7001), 1, 5), SeatId.Of(new(7001), 1, 6)]);

    [Fact]
    public void Scattered_seats_will_do_where_adjacency_is_not_asked_for() =>
        SeatMaps.Choose(s_plan, ["FHHHHF", "SSSSSF", "SSSSSS"], 3, null, adjacent: false)!.Count.ShouldBe(3);

    [Fact]
    public void A_grade_is_kept_to() =>
        SeatMaps.Choose(s_plan, ["FFFFFF", "HHHHHH", "HHHHHF"], 1, "S", adjacent: true).ShouldBe([SeatId.Of(new(7001), 2, 6)]);

    [Fact]
    public void Too_few_seats_are_no_seats()
    {
        SeatMaps.Choose(s_plan, ["FFHFFH", "HHHHHH", "HHHHHH"], 3, null, adjacent: true).ShouldBeNull();
        SeatMaps.Choose(s_plan, ["HHHHHH", "HHHHHH", "HHHHHF"], 2, null, adjacent: false).ShouldBeNull();
    }

    [Fact]
    public void A_seat_id_names_its_show_block_and_number()
    {
        var seat = SeatId.Of(new(8_999_999_999), 4_999, 64);
        (seat.Show, seat.Block, seat.Number).ShouldBe((new ShowId(8_999_999_999), 4_999, 64));
        seat.Value.ShouldBeLessThan(1L << 53);
        s_plan.Has(SeatId.Of(new(7001), 2, 6)).ShouldBeTrue();
        s_plan.Has(SeatId.Of(new(7001), 2, 7)).ShouldBeFalse();
        s_plan.Has(SeatId.Of(new(7001), 3, 1)).ShouldBeFalse();
        s_plan.Has(SeatId.Of(new(7002), 0, 1)).ShouldBeFalse();
        s_plan.Has(SeatId.Of(new(7001), 0, 0)).ShouldBeFalse();
        s_plan.Has(new(-5)).ShouldBeFalse();
    }
}
