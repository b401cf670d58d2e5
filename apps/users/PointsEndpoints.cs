using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Users;

internal static class PointsEndpoints
{
    private const long MostAtOnce = 1_000_000_000;

    public static void MapPoints(this WebApplication app)
    {
        app.MapGet("/points/balance", Balance);
        app.MapGet("/points/history", History);
        app.MapPost("/points/charges", TopUp);
        app.MapPost("/points/use", Use);
        app.MapPost("/points/refund", Refund);
    }

    internal static async Task<Results<Ok<PointsResponse>, ProblemHttpResult>> Balance(Caller caller, PointsLedger ledger) =>
        await ledger.BalanceAsync(caller.User) is { } balance
            ? TypedResults.Ok(new PointsResponse(caller.User, balance))
            : NoAccount();

    internal static async Task<Results<Ok<LedgerPage>, ProblemHttpResult>> History(Caller caller, PointsLedger ledger, long? after = null, int limit = 50)
    {
        if (limit is < 1 or > 200) return Problem.Invalid("limit", "A limit from 1 to 200 is expected.");
        return TypedResults.Ok(await ledger.HistoryAsync(caller.User, after, limit));
    }

    internal static async Task<Results<Ok<PointsResponse>, ProblemHttpResult>> TopUp(Caller caller, IdempotencyKey key, ChargePointsRequest request,
        PointsLedger ledger)
    {
        if (request.Amount.Value is < 1 or > MostAtOnce)
            return Problem.Invalid("amount", $"An amount from 1 to {MostAtOnce} is expected.");
        return await ledger.TopUpAsync(caller.User, request.Amount, key.Value) switch
        {
            TopUpOutcome.Added(var balance) => TypedResults.Ok(new PointsResponse(caller.User, balance)),
            TopUpOutcome.OverLimit => Problem.Invalid("amount", "The balance would exceed its limit.", "BALANCE_LIMIT"),
            TopUpOutcome.KeyReused => Problem.Of(422, "IDEMPOTENCY_KEY_REUSED", "This key came with another amount before.", "Idempotency-Key"),
            _ => NoAccount(),
        };
    }

    internal static async Task<Ok<StepResult>> Use(UsePointsRequest request, PointsLedger ledger) =>
        TypedResults.Ok(await ledger.UseAsync(request));

    internal static async Task<Ok<StepResult>> Refund(RefundPointsRequest request, PointsLedger ledger) =>
        TypedResults.Ok(await ledger.RefundAsync(request));

    private static ProblemHttpResult NoAccount() => Problem.NotFound("ACCOUNT_NOT_FOUND", "There is no such account.");
}
