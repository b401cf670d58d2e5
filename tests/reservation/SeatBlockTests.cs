using ConcertDapr.Contracts;
using ConcertDapr.Reservation;

namespace ConcertDapr.Tests;

public class SeatBlockTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_until = s_now.AddMinutes(10);
    private static readonly ReservationId s_mine = new(Guid.Parse("00000000-0000-0000-0000-000000000001"));
    private static readonly ReservationId s_theirs = new(Guid.Parse("00000000-0000-0000-0000-000000000002"));

    [Fact]
    public void Free_seats_are_held() =>
        Granted(SeatBlock.Empty.Hold([1, 2], s_mine, s_until, s_now)).Letter(1, s_now).ShouldBe('H');

    [Fact]
    public void A_held_seat_is_refused_to_others_naming_it() =>
        HeldByThem().Hold([1, 2, 3], s_mine, s_until, s_now).ShouldBeOfType<BlockOutcome.Taken>().Numbers.ShouldBe([2]);

    [Fact]
    public void A_hold_that_ran_out_is_free_the_moment_its_time_is_past()
    {
        HeldByThem().Hold([2], s_mine, s_until, s_until.AddMilliseconds(-1)).ShouldBeOfType<BlockOutcome.Taken>();
        HeldByThem().Hold([2], s_mine, s_until.AddMinutes(10), s_until).ShouldBeOfType<BlockOutcome.Granted>();
    }

    [Fact]
    public void Holding_again_changes_nothing_and_keeps_the_first_expiry()
    {
        var block = HeldByThem();
        var again = block.Hold([2], s_theirs, s_until.AddHours(1), s_now).ShouldBeOfType<BlockOutcome.Granted>();
        again.Next.ShouldBeSameAs(block);
        again.Until.ShouldBe(s_until);
    }

    [Fact]
    public void A_confirming_seat_does_not_expire_but_becomes_unsettled()
    {
        var block = Granted(HeldByThem().Confirm([2], s_theirs, s_now.AddMinutes(1), s_now));
        block.Hold([2], s_mine, s_until, s_now.AddSeconds(59)).ShouldBeOfType<BlockOutcome.Taken>();
        block.Hold([2], s_mine, s_until, s_now.AddSeconds(60)).ShouldBeOfType<BlockOutcome.Unsettled>().Reservations.ShouldBe([s_theirs]);
    }

    [Fact]
    public void Confirming_after_the_hold_ran_out_takes_seats_that_are_still_free() =>
        Granted(HeldByThem().Confirm([2], s_theirs, s_until.AddMinutes(2), s_until.AddMinutes(1))).Letter(2, s_until.AddMinutes(1)).ShouldBe('H');

    [Fact]
    public void Confirming_seats_somebody_else_took_meanwhile_is_refused()
    {
        var later = s_until.AddMinutes(1);
        var taken = Granted(HeldByThem().Hold([2], s_mine, later.AddMinutes(10), later));
        taken.Confirm([2], s_theirs, later.AddMinutes(1), later).ShouldBeOfType<BlockOutcome.Taken>();
    }

    [Fact]
    public void Only_a_confirming_seat_of_the_same_reservation_is_sold()
    {
        HeldByThem().Sell([2], s_theirs).Letter(2, s_now).ShouldBe('H');
        var confirming = Granted(HeldByThem().Confirm([2], s_theirs, s_until, s_now));
        confirming.Sell([2], s_mine).Letter(2, s_now).ShouldBe('H');
        confirming.Sell([2], s_theirs).Letter(2, s_now.AddYears(1)).ShouldBe('S');
    }

    [Fact]
    public void Freeing_gives_back_own_seats_only()
    {
        HeldByThem().Free([2], s_mine).Letter(2, s_now).ShouldBe('H');
        HeldByThem().Free([2], s_theirs).Letter(2, s_now).ShouldBe('F');
    }

    [Fact]
    public void Sweeping_forgets_expired_holds_and_nothing_else()
    {
        var block = Granted(HeldByThem().Confirm([5], s_mine, s_now.AddSeconds(1), s_now));
        var swept = block.Sweep(s_until.AddHours(1));
        swept.Marks.Keys.ShouldBe([5]);
    }

    /// <summary>Whatever order holds, confirms, sales, releases and sweeps of many reservations come in, no seat changes owner once sold.</summary>
    [Fact]
    public void A_sold_seat_never_changes_owner()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var ids = Enumerable.Range(1, 5).Select(i => new ReservationId(new Guid(i, 0, 0, new byte[8]))).ToArray();
            var (block, now) = (SeatBlock.Empty, s_now);
            var sold = new Dictionary<int, ReservationId>();
            for (var step = 0; step < 60; step++)
            {
                now = now.AddSeconds(random.Next(120));
                var (id, seat) = (ids[random.Next(ids.Length)], random.Next(1, 5));
                block = random.Next(5) switch
                {
                    0 => After(block.Hold([seat], id, now.AddMinutes(2), now), block),
                    1 => After(block.Confirm([seat], id, now.AddMinutes(1), now), block),
                    2 => block.Sell([seat], id),
                    3 when !sold.ContainsValue(id) => block.Free([seat], id),
                    _ => block.Sweep(now),
                };
                foreach (var (number, mark) in block.Marks.Where(m => m.Value.State == SeatState.Sold)) sold.TryAdd(number, mark.By);
                foreach (var (number, owner) in sold)
                    (block.Marks[number].State, block.Marks[number].By).ShouldBe((SeatState.Sold, owner), $"seed {seed}, step {step}");
            }
        }
    }

    private static SeatBlock After(BlockOutcome outcome, SeatBlock before) => outcome is BlockOutcome.Granted granted ? granted.Next : before;

    private static SeatBlock Granted(BlockOutcome outcome) => outcome.ShouldBeOfType<BlockOutcome.Granted>().Next;

    private static SeatBlock HeldByThem() => Granted(SeatBlock.Empty.Hold([2], s_theirs, s_until, s_now));
}
