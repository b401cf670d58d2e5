using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Dapr.Client;

namespace ConcertDapr.Soak;

/// <content>State. A value of 0 stands for a key that is not there.</content>
internal sealed partial class Caller
{
    private async Task HttpGetAsync()
    {
        var n = random.Next(Keys);
        Check("get", await GetAsync(n), values[n] == 0 ? 204 : 200, values[n] == 0 ? "" : $"{values[n]}");
    }

    private async Task HttpSaveAsync()
    {
        var n = random.Next(Keys);
        Check("save", await PostAsync($"/v1.0/state/{Store}", new[] { new { key = Key(n), value = Next(n) } }), 204, "");
    }

    private async Task HttpCompareAndSetAsync()
    {
        var key = $"c{number}-guarded";
        var read = await AnswerAsync(await clients.Http.GetAsync(At($"/v1.0/state/{Store}/{key}")));
        WrongAnswerException.Unless(read.Body == (guarded == 0 ? "" : $"{guarded}"), "get", read.Body);
        var etag = read.Response.Headers.NonValidated.TryGetValues("ETag", out var tags) ? tags.ToString() : "";
        var options = new { concurrency = "first-write" };
        Check("compare-and-set", await PostAsync($"/v1.0/state/{Store}", new[] { new { key, value = ++guarded, etag, options } }), 204, "");
        var stale = await PostAsync($"/v1.0/state/{Store}", new[] { new { key, value = -1, etag = etag.Length == 0 ? "0" : etag, options } });
        WrongAnswerException.Unless((int)stale.Response.StatusCode == 409, "stale compare-and-set", $"{(int)stale.Response.StatusCode} {stale.Body}");
    }

    private async Task HttpTransactAsync()
    {
        var (a, b) = (random.Next(Keys), random.Next(Keys - 1));
        b = b == a ? Keys - 1 : b;
        object[] operations =
        [
            new { operation = "upsert", request = new { key = Key(a), value = Next(a) } },
            new { operation = "delete", request = new { key = Key(b) } },
        ];
        Check("transaction", await PostAsync($"/v1.0/state/{Store}/transaction", new { operations }), 204, "");
        values[b] = 0;
    }

    private async Task HttpBulkAsync()
    {
        var answer = await PostAsync($"/v1.0/state/{Store}/bulk", new { keys = Enumerable.Range(0, Keys).Select(Key) });
        using var items = JsonDocument.Parse(answer.Body);
        foreach (var item in items.RootElement.EnumerateArray())
        {
            var n = int.Parse(item.GetProperty("key").GetString()!.Split('-')[1], CultureInfo.InvariantCulture);
            var value = item.TryGetProperty("data", out var data) ? data.GetInt32() : 0;
            WrongAnswerException.Unless(value == values[n], "bulk get", answer.Body);
        }
    }

    private async Task HttpDeleteAsync()
    {
        var n = random.Next(Keys);
        Check("delete", await DeleteAsync($"/v1.0/state/{Store}/{Key(n)}"), 204, "");
        values[n] = 0;
    }

    private async Task GrpcGetAsync()
    {
        var n = random.Next(Keys);
        var value = await clients.Grpc.GetStateAsync<int>(Store, Key(n));
        WrongAnswerException.Unless(value == values[n], "gRPC get", value);
    }

    private Task GrpcSaveAsync()
    {
        var n = random.Next(Keys);
        return clients.Grpc.SaveStateAsync(Store, Key(n), Next(n));
    }

    private async Task GrpcCompareAndSetAsync()
    {
        var n = random.Next(Keys);
        var (value, etag) = await clients.Grpc.GetStateAndETagAsync<int>(Store, Key(n));
        WrongAnswerException.Unless(value == values[n], "gRPC get", value);
        if (value == 0) return;
        WrongAnswerException.Unless(await clients.Grpc.TrySaveStateAsync(Store, Key(n), Next(n), etag), "gRPC compare-and-set", "refused");
        WrongAnswerException.Unless(!await clients.Grpc.TrySaveStateAsync(Store, Key(n), -1, etag), "gRPC stale compare-and-set", "accepted");
    }

    private Task GrpcTransactAsync()
    {
        var n = random.Next(Keys);
        return clients.Grpc.ExecuteStateTransactionAsync(Store,
            [new(Key(n), JsonSerializer.SerializeToUtf8Bytes(Next(n)), StateOperationType.Upsert)]);
    }

    private async Task GrpcBulkAsync()
    {
        var items = await clients.Grpc.GetBulkStateAsync(Store, [.. Enumerable.Range(0, Keys).Select(Key)], null);
        foreach (var item in items)
        {
            var n = int.Parse(item.Key.Split('-')[1], CultureInfo.InvariantCulture);
            WrongAnswerException.Unless(item.Value == (values[n] == 0 ? "" : $"{values[n]}"), "gRPC bulk get", $"{item.Key} = {item.Value}");
        }
    }

    private string Key(int n) => $"c{number}-{n}";

    private int Next(int n) => values[n] = random.Next(1, int.MaxValue);

    private async Task<Answer> GetAsync(int n) => await AnswerAsync(await clients.Http.GetAsync(At($"/v1.0/state/{Store}/{Key(n)}")));

    private async Task<Answer> PostAsync<T>(string path, T body) => await AnswerAsync(await clients.Http.PostAsJsonAsync(At(path), body));

    private async Task<Answer> DeleteAsync(string path) => await AnswerAsync(await clients.Http.DeleteAsync(At(path)));

    private static async Task<Answer> AnswerAsync(HttpResponseMessage response)
    {
        using (response) return new(response, await response.Content.ReadAsStringAsync());
    }

    private static Uri At(string path) => new(path, UriKind.Relative);

    private static void Check(string what, Answer answer, int status, string body) => WrongAnswerException.Unless(
        (int)answer.Response.StatusCode == status && answer.Body == body, what,
        $"{(int)answer.Response.StatusCode} {answer.Body} instead of {status} {body}");

    private sealed record Answer(HttpResponseMessage Response, string Body);
}
