using System.Diagnostics;
using System.Text.Json;

namespace ConcertDapr.Charts;

/// <summary>Kubernetes' types as <c>tools/kube/validate.mjs</c> knows them. Loading them takes seconds, so one process answers all tests.</summary>
internal static class KubernetesTypes
{
    private static readonly SemaphoreSlim s_turn = new(1);
    private static readonly Lazy<Process> s_process = new(Start);

    /// <summary>Missing, mistyped and unknown members, and API versions that are gone.</summary>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(IEnumerable<Manifest> manifests)
    {
        await s_turn.WaitAsync();
        try
        {
            await s_process.Value.StandardInput.WriteLineAsync(JsonSerializer.Serialize(manifests.Select(m => m.Json)));
            var answer = await s_process.Value.StandardOutput.ReadLineAsync()
                ?? throw new InvalidOperationException(await s_process.Value.StandardError.ReadToEndAsync());
            return JsonSerializer.Deserialize<string[]>(answer)!;
        }
        finally
        {
            s_turn.Release();
        }
    }

    // It ends with its standard input, which ends with this process.
    private static Process Start() => Process.Start(new ProcessStartInfo("node", ["tools/kube/validate.mjs"])
    {
        WorkingDirectory = Helm.Root,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
