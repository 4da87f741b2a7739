package tea_test

import (
	"fmt"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/kmsramcred/kmsramcred/go/tea"
)

func ExampleConfigureByName() {
	config, err := tea.ConfigureByName(&openapi.Config{RegionId: dara.String("cn-hangzhou")}, "prod/robot")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := ecs.NewClient(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.DescribeRegions(&ecs.DescribeRegionsRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(answer.Body.Regions.Region))
}
