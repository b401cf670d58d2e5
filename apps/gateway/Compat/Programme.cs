using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Gateway.Compat;

/// <summary>A seat of a show with the running number (from 1, through all sections) that older clients know it by.</summary>
internal sealed record NumberedSeat(SeatId Id, int Number, Points Price);

/// <summary>Concerts and their plans, kept for a few seconds.</summary>
internal sealed class Programme(ServiceCalls services, TimeProvider clock)
{
    private static readonly TimeSpan s_keepFor = TimeSpan.FromSeconds(5);

    private readonly SingleFlight<ConcertId, ConcertResponse> _concerts = new(s_keepFor, clock);
    private readonly SingleFlight<ShowId, ShowLayout> _plans = new(s_keepFor, clock);

    /// <summary>A concert, or why it cannot be had.</summary>
    public Task<Outcome<ConcertResponse>> ConcertAsync(ConcertId id) =>
        KeptAsync(_concerts, id, $"/concert?concertId={id}", Refusal.NoConcert);

    /// <summary>A concert's show on a day (UTC, <c>yyyy-MM-dd</c>).</summary>
    public async Task<Outcome<ShowResponse>> ShowAsync(ConcertId concert, string? day)
    {
        var (found, refusal) = await ConcertAsync(concert);
        if (refusal is not null) return refusal;
        return found!.Dates.FirstOrDefault(d => DayOf(d) == day) is { } show ? show : Refusal.NoShow;
    }

    /// <summary>A concert's show by its id, or by its place among the concert's dates, from 1.</summary>
    public async Task<Outcome<ShowResponse>> ShowAsync(ConcertId concert, long dateId)
    {
        var (found, refusal) = await ConcertAsync(concert);
        if (refusal is not null) return refusal;
        var show = found!.Dates.FirstOrDefault(d => d.ShowId.Value == dateId) ?? found.Dates.ElementAtOrDefault((int)Math.Clamp(dateId - 1, -1, int.MaxValue));
        return show is not null ? show : Refusal.NoShow;
    }

    /// <summary>The seat with a running number.</summary>
    public async Task<Outcome<NumberedSeat>> SeatAsync(ShowId show, long number)
    {
        var (plan, refusal) = await KeptAsync(_plans, show, $"/layout?showId={show}", Refusal.NoShow);
        if (refusal is not null) return refusal;
        var before = 0;
        foreach (var section in plan!.Sections)
        {
            var seats = section.Rows * section.SeatsPerRow;
            var index = number - before - 1;
            if (index >= 0 && index < seats)
                return new NumberedSeat(SeatId.Of(show, section.FirstBlock + (int)index / section.SeatsPerRow, (int)index % section.SeatsPerRow + 1),
                    (int)number, section.Price);
            before += seats;
        }
        return Refusal.NoSeat;
    }

    /// <summary>The free seats of a show with their numbers.</summary>
    public static IEnumerable<NumberedSeat> Free(SeatMapResponse map)
    {
        var number = 0;
        foreach (var section in map.Sections)
            foreach (var row in section.Rows)
                for (var i = 0; i < row.Seats.Length; i++)
                {
                    number++;
                    if (row.Seats[i] == 'F') yield return new(new(row.FirstSeatId.Value + i), number, section.Price);
                }
    }

    /// <summary>The day of a show, UTC.</summary>
    public static string DayOf(ShowResponse show) => show.StartsAt.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    // A fault is an exception in here: whoever shares the load shares it too, and it is not kept.
    private async Task<Outcome<T>> KeptAsync<TKey, T>(SingleFlight<TKey, T> kept, TKey key, string path, Refusal none) where TKey : notnull where T : class
    {
        try
        {
            var value = await kept.GetAsync(key, async () =>
            {
                var (found, refusal) = await services.GetAsync<T>(Apps.Catalog, path);
                return refusal is { IsFault: true } ? throw new HttpRequestException(refusal.Message) : found;
            });
            return value is not null ? value : none;
        }
        catch (HttpRequestException)
        {
            return Refusal.Unavailable;
        }
    }
}
