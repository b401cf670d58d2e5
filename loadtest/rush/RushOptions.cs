using System.Globalization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Rush;

/// <summary>The command line.</summary>
/// <param name="Scenario"><c>rush</c>, <c>sell-out</c>, <c>hot-seat</c>, <c>one-key</c>, <c>ticket</c> or <c>audit</c>.</param>
/// <param name="Fans">Fans, or buyers, or contenders.</param>
/// <param name="Seats">Seats on sale.</param>
/// <param name="Runs">Repetitions; the first violation ends them.</param>
/// <param name="Url">The gateway.</param>
/// <param name="Postgres">The database server, <c>host:port</c>, for the audit.</param>
/// <param name="Seed">Makes the fans' choices repeatable.</param>
/// <param name="Concert">Where to buy the ticket; null: at the first concert that is on sale.</param>
/// <param name="Register">Whether the ticket is bought by a new account, not by a test user.</param>
internal sealed record RushOptions(string Scenario, int Fans, int Seats, int Runs, Uri Url, string Postgres, int Seed, ConcertId? Concert, bool Register)
{
    public const string Usage =
        """
        Rush [rush]      [--fans 500] [--seats 200]    fans rush a show: join, wait, choose, hold, pay
        Rush sell-out    [--fans 50] [--seats 1000]    buyers hold and pay until nothing is left
        Rush hot-seat    [--fans 100]                  everybody holds the same seat at once
        Rush one-key     [--fans 50]                   two requests per fan, all with one Idempotency-Key
        Rush ticket      [--concert N] [--register]    buys one ticket, step by step; --register: as a new account, not as a test user
        Rush audit                                     checks the books of the running system
             [--runs 1] [--seed N] [--url http://127.0.0.1:8080]
             [--postgres 127.0.0.1:15432]              the books; PGUSER (postgres) and PGPASSWORD open them
        """;

    public static RushOptions Parse(string[] args)
    {
        var scenario = args.FirstOrDefault(a => !a.StartsWith('-') && args.ElementAtOrDefault(Array.IndexOf(args, a) - 1)?.StartsWith('-') != true) ?? "rush";
        var (fans, seats) = scenario switch { "rush" => (500, 200), "sell-out" => (50, 1000), "hot-seat" => (100, 1), "one-key" => (50, 1), _ => (0, 0) };
        if (fans == 0 && scenario is not ("audit" or "ticket")) throw new ArgumentException($"unknown scenario {scenario}\n{Usage}");
        return new(scenario, Number(args, "--fans", fans), Number(args, "--seats", seats), Number(args, "--runs", 1),
            new Uri(Text(args, "--url", "http://127.0.0.1:8080")), Text(args, "--postgres", "127.0.0.1:15432"), Number(args, "--seed", Environment.TickCount & 0xFFFFF),
            Array.IndexOf(args, "--concert") < 0 ? null : new ConcertId(Number(args, "--concert", 1)), args.Contains("--register"));
    }

    private static string Text(string[] args, string name, string otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : args.ElementAtOrDefault(at + 1) ?? throw new ArgumentException($"{name} needs a value\n{Usage}");
    }

    private static int Number(string[] args, string name, int otherwise) =>
        int.TryParse(Text(args, name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture, out var value) && value > 0
            ? value
            : name == "--fans" && otherwise == 0 ? 0
            : name is "--seats" && otherwise == 0 ? 0
            : throw new ArgumentException($"{name} takes a positive number\n{Usage}");
}
