using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr;

namespace ConcertDapr.Reservation;

/// <summary>How asking for seats ended.</summary>
internal abstract record HoldOutcome
{
    /// <summary>Held, now or by the same idempotency key before.</summary>
    public sealed record Held(ReservationRow Reservation) : HoldOutcome;

    /// <summary>Somebody else has these seats.</summary>
    public sealed record Taken(IReadOnlyList<SeatId> Seats) : HoldOutcome;

    /// <summary>The idempotency key came with another request before.</summary>
    public sealed record KeyReused : HoldOutcome;
}

/// <summary>Holds, confirms and releases: block by block in Redis, with the reservation's row in Postgres as the arbiter.</summary>
internal sealed class Reservations(BlockStore blocks, ReservationStore rows, EventPublisher events, HoldPolicy policy, TimeProvider clock,
    ILogger<Reservations> log)
{
    /// <summary>Holds all of these seats or none.</summary>
    public async Task<HoldOutcome> HoldAsync(UserId user, ReservationId id, string request, ShowPlan plan, IReadOnlyList<SeatId> seats)
    {
        var now = clock.GetUtcNow();
        var until = DateTimeOffset.FromUnixTimeMilliseconds((now + policy.HoldFor).ToUnixTimeMilliseconds());
        var taken = new List<(int Block, List<int> Numbers)>();
        foreach (var (block, numbers) in ReservationRow.ByBlock(seats))
        {
            var outcome = await blocks.HoldAsync(plan.Layout.ShowId, block, b => b.Hold(numbers, id, until, clock.GetUtcNow()));
            if (outcome is BlockOutcome.Taken refused)
            {
                await FreeAsync(plan.Layout.ShowId, taken, id);
                return new HoldOutcome.Taken([.. refused.Numbers.Select(n => SeatId.Of(plan.Layout.ShowId, block, n))]);
            }
            taken.Add((block, numbers));
            if (outcome is BlockOutcome.Granted granted && granted.Until < until) until = granted.Until;
        }
        return await RecordAsync(new(id, user, plan.Layout.ShowId, seats, plan.Price(seats), request, ReservationStatus.Held, until, null, Number: 0));
    }

    /// <summary>Confirms for a payment; every step can be repeated. Refused: RESERVATION_NOT_FOUND, RESERVATION_RELEASED, SEATS_LOST.</summary>
    public async Task<StepResult> ConfirmAsync(ReservationId id, PaymentId payment)
    {
        if (await rows.FindAsync(id) is not { } row) return new("RESERVATION_NOT_FOUND", "There is no such reservation.");
        if (row.Status == ReservationStatus.Cancelled) return Released();
        var marked = new List<(int Block, List<int> Numbers)>();
        foreach (var (block, numbers) in row.ByBlock())
        {
            var now = clock.GetUtcNow();
            var outcome = await blocks.UpdateAsync(row.Show, block, b => b.Confirm(numbers, id, now + policy.SettleAfter, now));
            if (outcome is BlockOutcome.Taken)
            {
                await FreeAsync(row.Show, marked, id);
                return Lost();
            }
            marked.Add((block, numbers));
        }
        var verdict = await rows.SellAsync(id, payment);
        if (verdict == SaleVerdict.Sold) return await FinishSaleAsync(row, id);
        await UndoConfirmAsync(row, id);
        return verdict == SaleVerdict.Released ? Released() : Lost();
    }

    /// <summary>Releases for a payment's saga; repeating it, or finding nothing to release, is fine.</summary>
    public async Task<StepResult> ReleaseAsync(ReservationId id, PaymentId payment)
    {
        if (await rows.FindAsync(id) is not { } row) return StepResult.Done;
        if (!await rows.ReleaseAsync(id, payment)) return new("PAID_BY_ANOTHER", "Another payment bought this reservation.");
        if (row.Status != ReservationStatus.Cancelled) ReservationMetrics.Released.Add();
        await FreeAsync(row.Show, row.ByBlock(), id);
        await events.PublishAsync(Topics.ReservationReleased, $"{id}:released", row.Show.ToString(), Event(row));
        return StepResult.Done;
    }

    /// <summary>Cancels for the fan. The row returned tells how it stands now.</summary>
    public async Task<ReservationRow> CancelAsync(ReservationRow row)
    {
        var after = (await rows.CancelAsync(row.Id))!;
        if (after.Status != ReservationStatus.Cancelled) return after;
        if (row.Status != ReservationStatus.Cancelled) ReservationMetrics.Cancelled.Add();
        await FreeAsync(row.Show, row.ByBlock(), row.Id);
        await events.PublishAsync(Topics.ReservationReleased, $"{row.Id}:released", row.Show.ToString(), Event(row));
        return after;
    }

    /// <summary>Announces holds of a show that ran out and forgets their marks; true while more may be left.</summary>
    public async Task<bool> ExpireAsync(ShowId show)
    {
        const int AtOnce = 200;
        var gone = await rows.RanOutAsync(show, clock.GetUtcNow(), AtOnce);
        foreach (var row in gone)
        {
            // Only marks whose time is past go: a payment may have taken these very seats at the last moment.
            foreach (var (block, _) in row.ByBlock()) await blocks.ChangeAsync(show, block, b => b.Sweep(clock.GetUtcNow()));
            await events.PublishAsync(Topics.ReservationExpired, $"{row.Id}:expired", show.ToString(), Event(row));
            await rows.ExpireAsync(row.Id);
            ReservationMetrics.Expired.Add();
        }
        return gone.Count == AtOnce;
    }

    /// <summary>Whether a show has holds whose end must be watched for.</summary>
    public Task<bool> HasHoldsAsync(ShowId show) => rows.HasHeldAsync(show);

    private async Task<HoldOutcome> RecordAsync(ReservationRow wanted)
    {
        var row = await rows.AddAsync(wanted);
        if (row.Request != wanted.Request)
        {
            await FreeAsync(wanted.Show, ReservationRow.ByBlock(wanted.Seats.Except(row.Seats)), row.Id);
            return new HoldOutcome.KeyReused();
        }
        // A concurrent repetition of a best-available request may have chosen other seats; the first one recorded counts.
        if (!row.Seats.SequenceEqual(wanted.Seats)) await FreeAsync(wanted.Show, ReservationRow.ByBlock(wanted.Seats.Except(row.Seats)), row.Id);
        // Cancelled while this repetition was under way: it must not leave marks behind.
        if (row.Status == ReservationStatus.Cancelled) await FreeAsync(row.Show, row.ByBlock(), row.Id);
        await AnnounceHeldAsync(row);
        return new HoldOutcome.Held(row);
    }

    private async Task AnnounceHeldAsync(ReservationRow row)
    {
        try
        {
            await events.PublishAsync(Topics.ReservationHeld, $"{row.Id}:held", row.Show.ToString(), Event(row));
        }
        catch (DaprException e)
        {
            // The seats are held whether or not anybody hears of it; nothing depends on this announcement.
            log.AnnouncementFailed(e, Topics.ReservationHeld, row.Id);
        }
    }

    private async Task<StepResult> FinishSaleAsync(ReservationRow row, ReservationId id)
    {
        foreach (var (block, numbers) in row.ByBlock()) await blocks.ChangeAsync(row.Show, block, b => b.Sell(numbers, id));
        await events.PublishAsync(Topics.ReservationConfirmed, $"{id}:confirmed", row.Show.ToString(), Event(row));
        return StepResult.Done;
    }

    private async Task UndoConfirmAsync(ReservationRow row, ReservationId id)
    {
        // Where another payment of the same reservation won, its seats are rightly marked.
        if (await rows.FindAsync(id) is { Status: ReservationStatus.Confirmed }) return;
        await FreeAsync(row.Show, row.ByBlock(), id);
    }

    private async Task FreeAsync(ShowId show, IEnumerable<(int Block, List<int> Numbers)> seats, ReservationId id)
    {
        foreach (var (block, numbers) in seats) await blocks.ChangeAsync(show, block, b => b.Free(numbers, id));
    }

    private ReservationEvent Event(ReservationRow row) => new(row.Id, row.User, row.Show, row.Seats, row.Amount, clock.GetUtcNow());

    private static StepResult Released() => new("RESERVATION_RELEASED", "The reservation was given back.");

    private static StepResult Lost() => new("SEATS_LOST", "The hold ran out and somebody else has the seats.");
}
