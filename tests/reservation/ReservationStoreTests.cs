using ConcertDapr.Contracts;
using ConcertDapr.Reservation;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Tests;

public sealed class ReservationStoreTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly ShowId s_show = new(7_001);
    private static readonly DateTimeOffset s_soon = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PaymentId _payment = new(Guid.NewGuid());
    private readonly PaymentId _another = new(Guid.NewGuid());
    private Database _database = null!;
    private ReservationStore _rows = null!;

    public async ValueTask InitializeAsync() => _rows = new(_database = await postgres.CreateAsync<ReservationStore>());

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_repeated_hold_finds_the_first()
    {
        var first = await HeldAsync(1, 2);

        var again = await _rows.AddAsync(first with { Seats = [Seat(3)], ExpiresAt = s_soon.AddHours(1) });

        again.Seats.ShouldBe([Seat(1), Seat(2)]);
        again.ExpiresAt.ShouldBe(s_soon);
    }

    [Fact]
    public async Task Repetitions_beyond_the_number_of_connections_do_not_wait_for_each_other()
    {
        await using var small = await postgres.CreateAsync<ReservationStore>(poolSize: 2);
        var rows = new ReservationStore(small);
        var row = new ReservationRow(new(Guid.NewGuid()), new(7), s_show, [Seat(1)], new(100), "request", ReservationStatus.Held, s_soon, null, 0);

        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => rows.AddAsync(row)));

        all.ShouldAllBe(r => r.Id == row.Id);
    }

    [Fact]
    public async Task Selling_makes_a_ticket_for_every_seat_and_can_be_repeated()
    {
        var row = await HeldAsync(1, 2);

        (await _rows.SellAsync(row.Id, _payment)).ShouldBe(SaleVerdict.Sold);
        (await _rows.SellAsync(row.Id, _payment)).ShouldBe(SaleVerdict.Sold);

        (await SoldAsync()).ShouldBe([Seat(1), Seat(2)]);
        var sold = await _rows.FindAsync(row.Id);
        (sold!.Status, sold.Payment).ShouldBe((ReservationStatus.Confirmed, _payment));
    }

    [Fact]
    public async Task A_reservation_is_sold_to_one_payment()
    {
        var row = await HeldAsync(1);
        await _rows.SellAsync(row.Id, _payment);

        (await _rows.SellAsync(row.Id, _another)).ShouldBe(SaleVerdict.Released);
        (await _rows.ReleaseAsync(row.Id, _another)).ShouldBeFalse();

        (await SoldAsync()).ShouldBe([Seat(1)]);
    }

    [Fact]
    public async Task What_was_released_cannot_be_sold_any_more()
    {
        var row = await HeldAsync(1);

        (await _rows.ReleaseAsync(row.Id, _payment)).ShouldBeTrue();
        (await _rows.SellAsync(row.Id, _payment)).ShouldBe(SaleVerdict.Released);

        (await SoldAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_sold_is_taken_back_by_the_release_of_its_own_payment()
    {
        var row = await HeldAsync(1, 2);
        await _rows.SellAsync(row.Id, _payment);

        (await _rows.ReleaseAsync(row.Id, _payment)).ShouldBeTrue();
        (await _rows.SellAsync(row.Id, _payment)).ShouldBe(SaleVerdict.Released);

        (await SoldAsync()).ShouldBeEmpty();
        (await _rows.FindAsync(row.Id))!.Status.ShouldBe(ReservationStatus.Cancelled);
    }

    [Fact]
    public async Task A_sale_and_a_release_that_race_end_released()
    {
        for (var n = 1; n <= 10; n++)
        {
            var row = await HeldAsync(n);

            await Task.WhenAll(_rows.SellAsync(row.Id, _payment), _rows.ReleaseAsync(row.Id, _payment));

            (await SoldAsync()).ShouldBeEmpty();
            (await _rows.FindAsync(row.Id))!.Status.ShouldBe(ReservationStatus.Cancelled);
        }
    }

    [Fact]
    public async Task A_seat_is_sold_once_and_who_comes_second_sells_nothing()
    {
        var (first, second) = (await HeldAsync(1, 2), await HeldAsync(2, 3));

        (await _rows.SellAsync(first.Id, _payment)).ShouldBe(SaleVerdict.Sold);
        (await _rows.SellAsync(second.Id, _another)).ShouldBe(SaleVerdict.SeatSold);

        (await SoldAsync()).ShouldBe([Seat(1), Seat(2)]);
        (await _rows.FindAsync(second.Id))!.Status.ShouldBe(ReservationStatus.Held);
    }

    [Fact]
    public async Task Of_sales_of_one_seat_at_once_one_succeeds()
    {
        var rows = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => HeldAsync(5)));

        var verdicts = await Task.WhenAll(rows.Select(r => _rows.SellAsync(r.Id, new(Guid.NewGuid()))));

        verdicts.Count(v => v == SaleVerdict.Sold).ShouldBe(1);
        verdicts.Count(v => v == SaleVerdict.SeatSold).ShouldBe(9);
    }

    [Fact]
    public async Task A_confirm_that_never_finished_is_settled_as_never_to_be_sold()
    {
        var row = await HeldAsync(1);

        (await _rows.SettleAsync(row.Id)).ShouldBeFalse();

        (await _rows.SellAsync(row.Id, _payment)).ShouldBe(SaleVerdict.Released);
    }

    [Fact]
    public async Task A_confirm_that_did_finish_is_settled_as_sold()
    {
        var row = await HeldAsync(1);
        await _rows.SellAsync(row.Id, _payment);

        (await _rows.SettleAsync(row.Id)).ShouldBeTrue();

        (await SoldAsync()).ShouldBe([Seat(1)]);
    }

    [Fact]
    public async Task A_fan_cancels_what_is_held_and_not_what_is_sold()
    {
        var (held, sold) = (await HeldAsync(1), await HeldAsync(2));
        await _rows.SellAsync(sold.Id, _payment);

        (await _rows.CancelAsync(held.Id))!.Status.ShouldBe(ReservationStatus.Cancelled);
        (await _rows.CancelAsync(sold.Id))!.Status.ShouldBe(ReservationStatus.Confirmed);
    }

    [Fact]
    public async Task A_hold_that_ran_out_can_still_be_sold_while_its_seats_are_free()
    {
        var row = await HeldAsync(1);
        (await _rows.RanOutAsync(s_show, s_soon.AddSeconds(-1), 10)).ShouldBeEmpty();
        (await _rows.RanOutAsync(s_show, s_soon, 10)).Select(r => r.Id).ShouldBe([row.Id]);
        row.StatusAt(s_soon).ShouldBe(ReservationStatus.Expired);

        await _rows.ExpireAsync(row.Id);

        (await _rows.FindAsync(row.Id))!.Status.ShouldBe(ReservationStatus.Expired);
        (await _rows.SellAsync(row.Id, _payment)).ShouldBe(SaleVerdict.Sold);
    }

    [Fact]
    public async Task Expiry_does_not_touch_what_was_paid_meanwhile()
    {
        var row = await HeldAsync(1);
        await _rows.SellAsync(row.Id, _payment);

        await _rows.ExpireAsync(row.Id);

        (await _rows.FindAsync(row.Id))!.Status.ShouldBe(ReservationStatus.Confirmed);
    }

    [Fact]
    public async Task Lost_blocks_are_rebuilt_from_tickets_and_holds()
    {
        var (sold, held) = (await HeldAsync(1), await HeldAsync(2));
        await _rows.SellAsync(sold.Id, _payment);

        var marks = (await _rows.MarksAsync(s_show)).ToDictionary(m => m.Seat, m => m.Mark);

        marks[Seat(1)].ShouldBe(new SeatMark(sold.Id, SeatState.Sold, 0));
        marks[Seat(2)].ShouldBe(new SeatMark(held.Id, SeatState.Held, s_soon.ToUnixTimeMilliseconds()));
        marks.Count.ShouldBe(2);
    }

    private static SeatId Seat(int number) => SeatId.Of(s_show, 0, number);

    private Task<ReservationRow> HeldAsync(params int[] seats) => _rows.AddAsync(new(new(Guid.NewGuid()), new(7), s_show, [.. seats.Select(Seat)],
        new(100), "request", ReservationStatus.Held, s_soon, null, 0));

    private async Task<IReadOnlyList<SeatId>> SoldAsync() =>
        [.. (await _rows.MarksAsync(s_show)).Where(m => m.Mark.State == SeatState.Sold).Select(m => m.Seat).OrderBy(s => s.Value)];
}
