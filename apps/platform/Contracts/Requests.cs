namespace ConcertDapr.Contracts;

// The public API's request and response bodies (gateway), which the services behind it produce and consume as they are.

/// <summary>Registers an account. <paramref name="Password"/>: 8 to 128 characters.</summary>
public sealed record RegisterRequest(string Email, string Name, string Password);

/// <summary>Exchanges e-mail and password for a bearer token.</summary>
public sealed record LoginRequest(string Email, string Password);

/// <summary>An account as its owner sees it.</summary>
public sealed record AccountResponse(UserId UserId, string Email, string Name, Points Points, IReadOnlyList<string> Roles);

/// <summary>A balance.</summary>
public sealed record PointsResponse(UserId UserId, Points Points);

/// <summary>Adds points, 1 to 1,000,000,000 at once.</summary>
public sealed record ChargePointsRequest(Points Amount);

/// <summary>One ledger entry, newest first. <paramref name="Amount"/> is negative where points were spent.</summary>
public sealed record LedgerEntry(string Reference, string Kind, Points Amount, Points BalanceAfter, DateTimeOffset At);

/// <summary>A page of the ledger; <paramref name="Next"/> is the <c>after</c> of the next page, or null.</summary>
public sealed record LedgerPage(IReadOnlyList<LedgerEntry> Items, long? Next = null);

/// <summary>A place in a waiting room.</summary>
public sealed record QueueTokenResponse(ConcertId TargetId, string Token, long Sequence, QueueStatus Status);

/// <summary>Asks for the state of a place; the header <c>Queue-Token</c> serves as well as this body.</summary>
public sealed record EnterRequest(ConcertId? TargetId = null, string? Token = null);

/// <summary>Where a place in the waiting room stands.</summary>
/// <param name="Status">WAITING, ENTERED, EXPIRED or LEFT.</param>
/// <param name="Position">Place in line from 1; 0 once entered.</param>
/// <param name="Ahead">How many stand before.</param>
/// <param name="EtaSeconds">Estimated wait; 0 once entered.</param>
/// <param name="PollAfterMs">When to ask again, milliseconds.</param>
/// <param name="TtlSeconds">Seconds until the session (entered) or the place (waiting) ends.</param>
/// <param name="ExpiresAt">The same as an instant.</param>
public sealed record EnterResponse(QueueStatus Status, long Position, long Ahead, long EtaSeconds, int PollAfterMs, long TtlSeconds,
    DateTimeOffset? ExpiresAt = null);

/// <summary>A waiting room's figures. <paramref name="PeakActive"/> never exceeds <paramref name="Capacity"/>.</summary>
public sealed record QueueFigures(ConcertId TargetId, long Issued, long Serving, long Waiting, int Active, int PeakActive, int Capacity);

/// <summary>The state of a place in the waiting room.</summary>
public enum QueueStatus
{
    /// <summary>In line.</summary>
    Waiting,
    /// <summary>Admitted: may hold seats and pay.</summary>
    Entered,
    /// <summary>The place or the session ran out.</summary>
    Expired,
    /// <summary>Left, or done: the slot went to the next.</summary>
    Left,
}

/// <summary>A concert in lists and by itself.</summary>
public sealed record ConcertResponse(ConcertId ConcertId, string Title, string Artist, string Venue, DateTimeOffset SaleOpensAt,
    IReadOnlyList<ShowResponse> Dates);

/// <summary>One date.</summary>
public sealed record ShowResponse(ShowId ShowId, ConcertId ConcertId, DateTimeOffset StartsAt, int Seats);

/// <summary>A page of concerts; <paramref name="Next"/> is the <c>after</c> of the next page, or null.</summary>
public sealed record ConcertPage(IReadOnlyList<ConcertResponse> Items, long? Next = null);

/// <summary>Creates a concert (role organizer). Every date gets every section.</summary>
public sealed record CreateConcertRequest(string Title, string Artist, string Venue, DateTimeOffset SaleOpensAt,
    IReadOnlyList<DateTimeOffset> Dates, IReadOnlyList<SectionRequest> Sections);

/// <summary>Rows × seats of one grade at one price. <paramref name="SeatsPerRow"/> ≤ 64.</summary>
public sealed record SectionRequest(string Name, string Grade, Points Price, int Rows, int SeatsPerRow);

/// <summary>Opens the sale now, or at an instant.</summary>
public sealed record OpenSaleRequest(DateTimeOffset? At = null);

/// <summary>A show's fixed plan: sections of rows. Row <c>i</c> of the show, counted over all sections, is block <c>i</c>.</summary>
public sealed record ShowLayout(ShowId ShowId, DateTimeOffset StartsAt, DateTimeOffset SaleOpensAt, IReadOnlyList<SectionLayout> Sections);

/// <summary>A section's rows share grade and price; its blocks are <c>FirstBlock</c> … <c>FirstBlock + Rows - 1</c>.</summary>
public sealed record SectionLayout(string Name, string Grade, Points Price, int FirstBlock, int Rows, int SeatsPerRow);

/// <summary>The seat map. Of each row: <c>Seats[i]</c> is F (free), H (held) or S (sold) for seat id <c>FirstSeatId + i</c>.</summary>
public sealed record SeatMapResponse(ShowId ShowId, DateTimeOffset AsOf, int Free, int Held, int Sold, IReadOnlyList<SectionMap> Sections);

/// <summary>A section of the seat map.</summary>
public sealed record SectionMap(string Name, string Grade, Points Price, IReadOnlyList<RowMap> Rows);

/// <summary>A row of the seat map.</summary>
public sealed record RowMap(int Row, SeatId FirstSeatId, string Seats);

/// <summary>Holds named seats, or the best available: then <paramref name="Quantity"/>, with grade and adjacency as wished.</summary>
public sealed record HoldRequest(IReadOnlyList<SeatId>? SeatIds = null, int? Quantity = null, string? Grade = null, bool Adjacent = false);

/// <summary>
/// A reservation. <paramref name="ExpiresAt"/> is when an unpaid hold ends; <paramref name="Number"/> is the short number that
/// people and older clients know it by.
/// </summary>
public sealed record ReservationResponse(ReservationId ReservationId, ShowId ShowId, IReadOnlyList<SeatId> Seats, Points Amount,
    ReservationStatus Status, DateTimeOffset ExpiresAt, PaymentId? PaymentId = null, long Number = 0);

/// <summary>The state of a reservation.</summary>
public enum ReservationStatus
{
    /// <summary>Seats are held until the expiry.</summary>
    Held,
    /// <summary>Paid: tickets exist.</summary>
    Confirmed,
    /// <summary>Given back by the fan or by a failed payment.</summary>
    Cancelled,
    /// <summary>Ran out unpaid.</summary>
    Expired,
}

/// <summary>Pays for a reservation; <paramref name="Amount"/> must equal its price.</summary>
public sealed record PaymentRequest(ReservationId ReservationId, Points Amount);

/// <summary>A payment and, asked for by id, its saga step by step.</summary>
public sealed record PaymentResponse(PaymentId PaymentId, ReservationId ReservationId, Points Amount, PaymentStatus Status,
    string? Reason = null, IReadOnlyList<PaymentStep>? Steps = null);

/// <summary>One step of the saga, in order of first execution.</summary>
public sealed record PaymentStep(string Step, string Outcome, DateTimeOffset At);

/// <summary>The state of a payment.</summary>
public enum PaymentStatus
{
    /// <summary>Accepted, the saga has not begun.</summary>
    Pending,
    /// <summary>The saga runs.</summary>
    Processing,
    /// <summary>Points spent, tickets issued.</summary>
    Completed,
    /// <summary>Undone: nothing spent, seats free.</summary>
    Failed,
    /// <summary>Could not be undone yet; operators are alerted and the reconciler tries on.</summary>
    CompensationStuck,
}
