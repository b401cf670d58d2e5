using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Reservation;

/// <summary>How long and how much may be held.</summary>
/// <param name="HoldFor">How long an unpaid hold lasts.</param>
/// <param name="MaxSeats">Seats per reservation.</param>
/// <param name="SettleAfter">After which a confirm that never finished is settled by whoever needs its seat.</param>
/// <param name="LockStore">The lock component; null switches the lock off.</param>
/// <param name="LockWait">How long to wait for the lock before going on with compare-and-set alone.</param>
/// <param name="LockLease">After which a dead holder's lock is free.</param>
/// <param name="MapFor">How long one reading of the seat map serves all readers.</param>
internal sealed record HoldPolicy(TimeSpan HoldFor, int MaxSeats, TimeSpan SettleAfter, string? LockStore, TimeSpan LockWait, TimeSpan LockLease,
    TimeSpan MapFor)
{
    public static HoldPolicy From(Settings settings) => new(
        settings.Seconds("Reservation:HoldSeconds", 600, 1, 86_400),
        settings.Number("Reservation:MaxSeats", 4, 1, 64),
        settings.Seconds("Reservation:SettleSeconds", 60, 5, 3_600),
        settings.Flag("Reservation:UseLock", true) ? settings.Text("Reservation:LockStore", Apps.LockStore) : null,
        settings.Seconds("Reservation:LockWaitSeconds", 3, 0, 60),
        settings.Seconds("Reservation:LockLeaseSeconds", 10, 1, 600),
        settings.Seconds("Reservation:MapSeconds", 0.25, 0, 60));
}
