using ConcertDapr.Contracts;
using ConcertDapr.Queue;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Tests;

public class WaitingRoomTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly RoomPolicy s_policy = new(Capacity: 3, AdmitCount: 0, AdmitEvery: 1, ClaimFor: 30, SessionFor: 600, WaitFor: 1800);

    [Fact]
    public void Fans_are_called_in_order_up_to_capacity()
    {
        var room = Open().Issue(5).Admit(s_now);
        room.Active.Select(s => s.Sequence).ShouldBe([1, 2, 3]);
        room.Waiting.ShouldBe(2);
    }

    [Fact]
    public void A_smaller_capacity_calls_nobody_until_enough_have_left_and_has_a_peak_of_its_own()
    {
        var room = Open().Issue(9).Admit(s_now).Under(s_policy with { Capacity = 2 });

        room.Admit(s_now).Active.Count.ShouldBe(3);
        var later = room.Leave(1).Leave(2).Admit(s_now);
        later.Active.Select(s => s.Sequence).ShouldBe([3, 4]);
        later.PeakActive.ShouldBe(2);
        later.Under(s_policy with { Capacity = 2 }).ShouldBeSameAs(later);
    }

    [Fact]
    public void Admitting_twice_admits_nobody_new()
    {
        var room = Open().Issue(5).Admit(s_now);
        room.Admit(s_now).ShouldBeSameAs(room);
    }

    [Fact]
    public void A_slot_given_back_goes_to_the_next_in_line()
    {
        var room = Open().Issue(5).Admit(s_now).Leave(2).Admit(s_now);
        room.Active.Select(s => s.Sequence).ShouldBe([1, 3, 4]);
        Status(room, 2).ShouldBe(QueueStatus.Left);
    }

    [Fact]
    public void Who_left_the_line_is_passed_over()
    {
        var room = Open().Issue(6).Admit(s_now).Leave(4).Leave(1).Admit(s_now);
        room.Active.Select(s => s.Sequence).ShouldBe([2, 3, 5]);
        Status(room, 4).ShouldBe(QueueStatus.Left);
    }

    [Fact]
    public void A_called_fan_who_does_not_show_up_loses_the_slot()
    {
        var room = Open().Issue(4).Admit(s_now).Claim(1, s_now).Claim(2, s_now);
        var later = room.Admit(s_now.AddSeconds(30));
        later.Active.Select(s => s.Sequence).ShouldBe([1, 2, 4]);
        Status(later, 3, s_now.AddSeconds(30)).ShouldBe(QueueStatus.Expired);
    }

    [Fact]
    public void A_session_ends_by_time_whoever_has_noticed()
    {
        var room = Open().Issue(1).Admit(s_now).Claim(1, s_now);
        room.IsInside(1, s_now.AddSeconds(599.9)).ShouldBeTrue();
        room.IsInside(1, s_now.AddSeconds(600)).ShouldBeFalse();
        Status(room, 1, s_now.AddSeconds(600)).ShouldBe(QueueStatus.Expired);
    }

    [Fact]
    public void Claiming_again_does_not_prolong_the_session()
    {
        var room = Open().Issue(1).Admit(s_now).Claim(1, s_now);
        room.Claim(1, s_now.AddSeconds(100)).ShouldBeSameAs(room);
    }

    [Fact]
    public void The_rate_bounds_admissions_within_its_window_and_no_longer()
    {
        var room = Room.Empty(new(1), s_policy with { Capacity = 100, AdmitCount = 10, AdmitEvery = 1 }).Issue(50).Admit(s_now).Admit(s_now.AddSeconds(0.5));
        room.Active.Count.ShouldBe(10);
        room.Admit(s_now.AddSeconds(1)).Active.Count.ShouldBe(20);
    }

    [Fact]
    public void Missed_ticks_do_not_add_up()
    {
        var room = Room.Empty(new(1), s_policy with { Capacity = 100, AdmitCount = 10, AdmitEvery = 1 }).Issue(90).Admit(s_now);
        room.Admit(s_now.AddSeconds(7)).Active.Count.ShouldBe(20);
    }

    [Fact]
    public void Position_counts_who_is_really_ahead()
    {
        var room = Open().Issue(8).Admit(s_now).Leave(5);
        var status = room.StatusOf(Place(7), s_now);
        (status.Status, status.Ahead, status.Position).ShouldBe((QueueStatus.Waiting, 2, 3));
        status.PollAfterMs.ShouldBeInRange(200, 5_000);
    }

    [Fact]
    public void A_place_in_line_is_good_for_the_waiting_time() =>
        Status(Open().Issue(9).Admit(s_now), 9, s_now.AddSeconds(1800)).ShouldBe(QueueStatus.Expired);

    [Fact]
    public void A_place_the_room_never_handed_out_is_no_place() => Status(Open().Issue(2).Admit(s_now), 3).ShouldBe(QueueStatus.Expired);

    /// <summary>Whatever fans do in whatever order, no more than capacity are ever inside, and everybody called was next in line.</summary>
    [Fact]
    public void Never_more_than_capacity_inside()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var (room, now) = (Room.Empty(new(1), s_policy with { Capacity = random.Next(1, 6), AdmitCount = random.Next(3) }), s_now);
            for (var step = 0; step < 100; step++)
            {
                now = now.AddSeconds(random.Next(40));
                var before = room.Serving;
                room = random.Next(4) switch
                {
                    0 => room.Issue(random.Next(5)),
                    1 => room.Claim(random.Next(1, (int)room.Issued + 2), now),
                    2 => room.Leave(random.Next(1, (int)room.Issued + 2)),
                    _ => room.Admit(now),
                };
                room.Active.Count.ShouldBeLessThanOrEqualTo(room.Policy.Capacity, $"seed {seed}");
                room.Serving.ShouldBeInRange(before, room.Issued, $"seed {seed}");
                room.Active.Select(s => s.Sequence).ShouldBeUnique();
                room.Gone.All(g => g > room.Serving).ShouldBeTrue($"seed {seed}");
            }
            room.PeakActive.ShouldBeLessThanOrEqualTo(room.Policy.Capacity);
        }
    }

    private static Room Open() => Room.Empty(new(1), s_policy);

    private static QueuePlace Place(long sequence) => new(new(1), new(1), sequence, s_now);

    private static QueueStatus Status(Room room, long sequence, DateTimeOffset? at = null) => room.StatusOf(Place(sequence), at ?? s_now).Status;
}
