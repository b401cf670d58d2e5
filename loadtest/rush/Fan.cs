using ConcertDapr.Contracts;

namespace ConcertDapr.Rush;

/// <summary>What a fan is up to.</summary>
internal enum Temper
{
    /// <summary>Wants a seat and pays.</summary>
    Buyer,
    /// <summary>Wants the dear seats and has too few points.</summary>
    Poor,
    /// <summary>Leaves the queue while waiting.</summary>
    LeavesLine,
    /// <summary>Goes away without a word once admitted.</summary>
    VanishesInside,
    /// <summary>Holds, then cancels.</summary>
    Cancels,
    /// <summary>Holds, then goes away without a word.</summary>
    Abandons,
}

/// <summary>What all fans of one rush share.</summary>
internal sealed class Sale(ConcertResponse concert, Measurements measurements)
{
    private int _abandoned;

    public ConcertId Concert => concert.ConcertId;

    public ShowId Show => concert.Dates[0].ShowId;

    public Measurements Measurements => measurements;

    /// <summary>Seats held by fans who will neither pay nor cancel.</summary>
    public int Abandoned => Volatile.Read(ref _abandoned);

    public void Abandon(int seats) => Interlocked.Add(ref _abandoned, seats);
}

/// <summary>One fan's journey: join, poll as told, choose from the seat map, hold, pay.</summary>
internal sealed class Fan(int user, Temper temper, Api api, Sale sale, Random random)
{
    private const string Dear = "VIP";

    /// <summary>Goes all the way, or as far as the fan's temper lets them.</summary>
    public async Task RunAsync()
    {
        while (await TryOnceAsync() == Next.JoinAgain) sale.Measurements.Count("fan: joined again");
    }

    private async Task<Next> TryOnceAsync()
    {
        if (await JoinAsync() is not { } token) return Next.GiveUp;
        if (temper == Temper.LeavesLine && random.Next(2) == 0) return await LeaveAsync(token);
        if (!await WaitAsync(token)) return Next.JoinAgain;
        return temper switch
        {
            Temper.LeavesLine => await LeaveAsync(token),
            Temper.VanishesInside => Done("vanished inside"),
            _ => await BuyAsync(token),
        };
    }

    private async Task<string?> JoinAsync()
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var joined = await api.JoinAsync(sale.Concert);
            if (joined.Ok) return joined.Body!.Token;
            await Task.Delay(200);
        }
        Done("could not join");
        return null;
    }

    private async Task<bool> WaitAsync(string token)
    {
        while (true)
        {
            var answer = await api.EnterAsync(token);
            switch (answer.Body?.Status)
            {
                case QueueStatus.Entered: return true;
                case QueueStatus.Expired or QueueStatus.Left: return false;
            }
            await Task.Delay(answer.Body?.PollAfterMs ?? 500);
        }
    }

    private async Task<Next> BuyAsync(string token)
    {
        while (true)
        {
            var map = await api.SeatsAsync(sale.Show);
            if (!map.Ok)
            {
                await Task.Delay(200);
                continue;
            }
            if (Choose(map.Body!) is not { Length: > 0 } seats)
            {
                if (IsHopeless(map.Body!)) return await LeaveAsync(token);
                await Task.Delay(150);
                continue;
            }
            var key = Guid.NewGuid().ToString();
            var hold = await AnsweredAsync(() => api.HoldAsync(sale.Show, token, key, seats));
            if (hold.Code is "QUEUE_TOKEN_EXPIRED") return Next.JoinAgain;
            if (hold.Ok) return await SettleAsync(token, hold.Body!);
        }
    }

    private async Task<Next> SettleAsync(string token, ReservationResponse reservation)
    {
        switch (temper)
        {
            case Temper.Cancels:
                await AnsweredAsync(() => api.CancelAsync(reservation.ReservationId));
                await api.LeaveAsync(token);
                return Done("cancelled");
            case Temper.Abandons:
                sale.Abandon(reservation.Seats.Count);
                await api.LeaveAsync(token);
                return Done("abandoned a hold");
            default:
                return await PayAsync(token, reservation);
        }
    }

    private async Task<Next> PayAsync(string token, ReservationResponse reservation)
    {
        var key = Guid.NewGuid().ToString();
        var paid = await AnsweredAsync(() => api.PayAsync(reservation.ReservationId, reservation.Amount, token, key));
        while (paid.Code is "QUEUE_TOKEN_EXPIRED" or "NOT_ADMITTED")
        {
            // The session ended, the hold has not: queue again and pay.
            if (await JoinAsync() is not { } again) return Next.GiveUp;
            if (await WaitAsync(again)) paid = await api.PayAsync(reservation.ReservationId, reservation.Amount, again, key);
        }
        if (!paid.Ok) return Done($"payment refused: {paid.Code}");
        return Done(await OutcomeAsync(paid.Body!) switch
        {
            PaymentStatus.Completed => "bought",
            PaymentStatus.Failed => "payment failed",
            var other => $"payment {other}",
        });
    }

    /// <summary>The same request with the same key until something answers: that is what keys are for.</summary>
    private static async Task<Answer<T>> AnsweredAsync<T>(Func<Task<Answer<T>>> send) where T : class
    {
        for (var attempt = 0; ; attempt++)
        {
            var answer = await send();
            if (answer.Ok || (int)answer.Status is > 0 and < 500 || attempt == 40) return answer;
            await Task.Delay(Math.Min(2000, 100 << Math.Min(attempt, 5)));
        }
    }

    private async Task<PaymentStatus> OutcomeAsync(PaymentResponse payment)
    {
        var until = DateTime.UtcNow.AddSeconds(60);
        while (payment.Status is PaymentStatus.Pending or PaymentStatus.Processing && DateTime.UtcNow < until)
        {
            await Task.Delay(250);
            payment = (await api.PaymentAsync(payment.PaymentId)).Body ?? payment;
        }
        return payment.Status;
    }

    private SeatId[] Choose(SeatMapResponse map)
    {
        var rows = map.Sections.Where(s => s.Grade == Dear == (temper == Temper.Poor)).SelectMany(s => s.Rows).ToList();
        var free = rows.SelectMany(r => Enumerable.Range(0, r.Seats.Length).Where(i => r.Seats[i] == 'F').Select(i => new SeatId(r.FirstSeatId.Value + i))).ToList();
        return free.Count == 0 ? [] : [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => free[random.Next(free.Count)]).Distinct()];
    }

    // Held seats may come back: from a payment that fails, or a fan who cancels. Abandoned ones will not in time.
    private bool IsHopeless(SeatMapResponse map)
    {
        var rows = map.Sections.Where(s => s.Grade == Dear == (temper == Temper.Poor)).SelectMany(s => s.Rows);
        return rows.Sum(r => r.Seats.Count(c => c == 'H')) <= sale.Abandoned;
    }

    private async Task<Next> LeaveAsync(string token)
    {
        await api.LeaveAsync(token);
        return Done(temper == Temper.LeavesLine ? "left the line" : "found nothing left");
    }

    private Next Done(string outcome)
    {
        sale.Measurements.Count($"fan: {outcome}");
        return Next.GiveUp;
    }

    /// <summary>Who this is, for messages.</summary>
    public override string ToString() => $"fan {user} ({temper})";

    private enum Next { GiveUp, JoinAgain }
}
